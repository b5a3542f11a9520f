import { completed, type Steps } from '../../shared/policy/steps.ts'
import { decodeCharset } from './charset.ts'
import { decodingWords } from './encoded-word.ts'

/** A structured value like Content-Type or Content-Disposition: a token and its parameters. */
export interface Parameterised {
  /** Lower case, '' when missing. */
  readonly value: string
  /** Decoded: RFC 2231 continuations and charsets, RFC 2047 words where mailers wrongly put them. Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
  /** Every value that some reader takes, by name, where there is more than one. */
  readonly readings: ReadonlyMap<string, readonly string[]>
  /** What made it ambiguous: `parameter-duplicate`, `parameter-conflict`, `parameter-malformed`, `boundary-encoded`. */
  readonly defects: readonly string[]
}

interface Raw {
  readonly name: string
  readonly value: string
}

/**
 * Parses `token *(";" attribute "=" value)` (RFC 2045 5.1, RFC 2183 2) with comments (RFC 5322 3.2.2) and RFC 2231. Of equal
 * names the first counts; the form of RFC 2231 counts before the plain one, as mail readers do. Never throws.
 */
export function parseParameters(text: string): Parameterised {
  return completed(parsingParameters(text))
}

/** Characters, and parameters, that are read in one step. */
const CHARACTERS = 8_192
const PARAMETERS = 128

/** The same in steps: a value may be as long as a header. */
export function* parsingParameters(text: string): Steps<Parameterised> {
  const defects = new Set<string>()
  const segments = yield* splitSegments(text, defects)
  const raws: Raw[] = []
  for (const [at, segment] of segments.entries()) {
    if (at % PARAMETERS === PARAMETERS - 1) yield
    // What stands before the first semicolon is the value itself.
    if (at === 0) continue
    const { text } = segment
    const equals = text.indexOf('=')
    if (equals < 1) {
      if (text.trim()) defects.add('parameter-malformed')
      continue
    }
    raws.push({ name: text.slice(0, equals).trim().toLowerCase(), value: trimmedValue(segment, equals + 1) })
  }
  const { parameters, readings } = yield* combine(raws, defects)
  return { value: (segments[0]?.text ?? '').trim().toLowerCase(), parameters, readings, defects: [...defects] }
}

interface Segment {
  readonly text: string
  /** What was quoted lies between these positions of the text; -1 where nothing was. */
  readonly quoteStart: number
  readonly quoteEnd: number
}

/** White space around a value goes, within quotes it stays: a name that goes on in the next piece may end in a space. */
function trimmedValue({ text, quoteStart, quoteEnd }: Segment, from: number): string {
  const start = text.length - text.slice(from).trimStart().length
  const end = text.trimEnd().length
  return quoteStart < from ? text.slice(start, end) : text.slice(Math.min(start, quoteStart), Math.max(end, quoteEnd))
}

/** Splits at semicolons outside of quotes; comments become nothing and quotes are opened. */
function* splitSegments(text: string, defects: Set<string>): Steps<Segment[]> {
  const segments: Segment[] = []
  let current = ''
  let quoteStart = -1
  let quoteEnd = -1
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    if (at % CHARACTERS === CHARACTERS - 1) yield
    const char = text[at]!
    if (char === '\\' && (quoted || depth > 0)) {
      at++
      if (depth === 0) current += text[at] ?? ''
    } else if (quoted) {
      if (char === '"') {
        quoted = false
        quoteEnd = current.length
      } else current += char
    } else if (char === '(') {
      depth++
    } else if (char === ')' && depth > 0) {
      depth--
    } else if (depth > 0) {
    } else if (char === '"') {
      quoted = true
      if (quoteStart < 0) quoteStart = current.length
    } else if (char === ';') {
      segments.push({ text: current, quoteStart, quoteEnd })
      current = ''
      quoteStart = -1
      quoteEnd = -1
    } else {
      current += char
    }
  }
  if (quoted || depth > 0) defects.add('parameter-malformed')
  segments.push({ text: current, quoteStart, quoteEnd: quoted ? current.length : quoteEnd })
  return segments
}

/** `name`, `name*`, `name*0`, `name*0*` (RFC 2231 3 and 4). */
const EXTENDED = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/

/** File names that readers take in different ways are all told (`readings`), so they leave nothing open. */
const NAMES = /^(file)?name$/

function* combine(raws: readonly Raw[], defects: Set<string>): Steps<Pick<Parameterised, 'parameters' | 'readings'>> {
  const all = new Map<string, Set<string>>()
  const reading = (name: string, value: string) => {
    const values = all.get(name)
    if (values) values.add(value)
    else all.set(name, new Set([value]))
  }
  const plain = new Map<string, string>()
  const whole = new Map<string, string>()
  const pieces = new Map<string, Map<number, { value: string; encoded: boolean }>>()
  for (const [at, { name, value }] of raws.entries()) {
    if (at % PARAMETERS === PARAMETERS - 1) yield
    const match = EXTENDED.exec(name)
    if (!match) {
      if (!plain.has(name)) plain.set(name, value)
      else if (name === 'boundary') defects.add('boundary-duplicate')
      else if (!NAMES.test(name)) defects.add('parameter-duplicate')
      reading(name, yield* decodingWords(value))
      continue
    }
    const base = match[1]!
    if (base === 'boundary') defects.add('boundary-encoded')
    if (match[2] === undefined) {
      const decoded = decodeExtended(value)
      if (!whole.has(base)) whole.set(base, decoded)
      else if (!NAMES.test(base)) defects.add('parameter-duplicate')
      reading(base, decoded)
      continue
    }
    const list = pieces.get(base) ?? new Map()
    if (list.has(Number(match[2]))) defects.add('parameter-duplicate')
    else list.set(Number(match[2]), { value, encoded: match[3] !== undefined })
    pieces.set(base, list)
  }
  const result = new Map<string, string>()
  let done = 0
  for (const [name, value] of plain) {
    if (++done % PARAMETERS === 0) yield
    result.set(name, name === 'boundary' ? value : yield* decodingWords(value))
  }
  for (const [name, list] of pieces) {
    if (++done % PARAMETERS === 0) yield
    const value = joinPieces(list, defects)
    set(result, name, value, defects)
    reading(name, value)
    // Some readers do not mind a missing number.
    const numbers = [...list.keys()].sort((a, b) => a - b)
    reading(name, joinPieces(new Map(numbers.map((number, at) => [at, list.get(number)!])), new Set()))
  }
  yield
  for (const [name, value] of whole) set(result, name, value, defects)
  const readings = new Map<string, readonly string[]>()
  for (const [name, values] of all) {
    if (++done % PARAMETERS === 0) yield
    if (values.size > 1) readings.set(name, [...values])
  }
  return { parameters: result, readings }
}

function set(result: Map<string, string>, name: string, value: string, defects: Set<string>): void {
  if (result.has(name) && result.get(name) !== value && !NAMES.test(name)) defects.add('parameter-conflict')
  result.set(name, value)
}

/** `charset'language'percent-encoded`. */
function decodeExtended(value: string): string {
  const match = /^([^']*)'[^']*'([\s\S]*)$/.exec(value)
  return match ? decodeCharset(percent(match[2]!), match[1] || undefined) : decodeCharset(percent(value), undefined)
}

function joinPieces(pieces: Map<number, { value: string; encoded: boolean }>, defects: Set<string>): string {
  let charset: string | undefined
  const bytes: Buffer[] = []
  for (let number = 0; ; number++) {
    const piece = pieces.get(number)
    if (!piece) {
      if (number < pieces.size) defects.add('parameter-malformed')
      break
    }
    let value = piece.value
    if (number === 0 && piece.encoded) {
      const match = /^([^']*)'[^']*'([\s\S]*)$/.exec(value)
      if (match) {
        charset = match[1] || undefined
        value = match[2]!
      }
    }
    bytes.push(piece.encoded ? percent(value) : Buffer.from(value, 'utf8'))
  }
  return decodeCharset(Buffer.concat(bytes), charset)
}

/** Percent-encoded octets decoded, all else as UTF-8. */
function percent(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  let to = bytes.indexOf(PERCENT)
  if (to < 0) return bytes
  for (let from = to; from < bytes.length; from++, to++) {
    const [high, low] = bytes[from] === PERCENT ? [hexOf(bytes[from + 1]), hexOf(bytes[from + 2])] : [-1, -1]
    const encoded = high >= 0 && low >= 0
    bytes[to] = encoded ? high * 16 + low : bytes[from]!
    if (encoded) from += 2
  }
  return bytes.subarray(0, to)
}

const PERCENT = 0x25

/** Value of a hexadecimal digit, -1 where it is none. */
function hexOf(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

const TOKEN = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+$/

/**
 * Parameters for the wire, each on a folded line of its own: a token or quoted string where the value is short ASCII, else
 * RFC 2231 (UTF-8, continued). Quotes and backslashes are escaped; CR and LF end up percent-encoded.
 */
export function writeParameters(parameters: Iterable<readonly [string, string]>): string {
  let out = ''
  for (const [name, raw] of parameters) {
    const value = raw.toWellFormed()
    if (/^[\x20-\x7e]*$/.test(value) && value.length <= 60) {
      out += `;\r\n ${name}=${TOKEN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`
    } else {
      out += writeExtended(name, value)
    }
  }
  return out
}

function writeExtended(name: string, value: string): string {
  const units: string[] = []
  for (const byte of Buffer.from(value)) {
    const char = String.fromCharCode(byte)
    units.push(/[A-Za-z0-9._-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
  }
  const encoded = units.join('')
  if (encoded.length <= 60) return `;\r\n ${name}*=utf-8''${encoded}`
  let out = ''
  let piece = "utf-8''"
  let number = 0
  for (const unit of units) {
    if (piece.length + unit.length > 56) {
      out += `;\r\n ${name}*${number++}*=${piece}`
      piece = ''
    }
    piece += unit
  }
  return `${out};\r\n ${name}*${number}*=${piece}`
}
