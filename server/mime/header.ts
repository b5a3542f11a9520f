import { isAscii, isUtf8 } from 'node:buffer'
import { Fault } from '../../shared/fault/index.ts'
import { completed, type Steps } from '../../shared/policy/steps.ts'
import { inTurns } from '../threads/turn.ts'
import { decodeCharset } from './charset.ts'
import { decodeWords, decodingWords, encodeWords } from './encoded-word.ts'
import type { HeaderField } from './entity.ts'

export { formatDate, parseDate } from './date.ts'

const LF = 0x0a
const CR = 0x0d

/** A header as it was read: its fields and what was wrong with them. */
export interface ParsedHeader {
  readonly fields: readonly HeaderField[]
  readonly defects: readonly string[]
}

/**
 * Collects header fields line by line. A line that is no field (RFC 5322 2.2) is kept under the empty name, so that nothing is
 * lost when the header is written again.
 */
export class HeaderLines {
  readonly #fields: { name: string; lines: Buffer[] }[] = []
  readonly #defects = new Set<string>()

  /** One line without its line end. */
  add(line: Buffer): void {
    if (line.includes(0)) this.#defects.add('header-nul')
    const last = this.#fields.at(-1)
    if (line[0] === 0x20 || line[0] === 0x09) {
      if (isBlank(line)) this.#defects.add('header-blank-continuation')
      if (last) last.lines.push(Buffer.from(line))
      else this.#other(line)
      return
    }
    const colon = line.indexOf(0x3a)
    const name = colon > 0 ? line.toString('latin1', 0, colon) : ''
    if (!name || (this.#fields.length === 0 && /^>?From /.test(name))) {
      this.#other(line)
      return
    }
    if (/[ \t]$/.test(name)) this.#defects.add('header-space-before-colon')
    if (!/^[\x21-\x39\x3b-\x7e]+[ \t]*$/.test(name)) this.#defects.add('header-name-invalid')
    this.#fields.push({ name: name.trimEnd().toLowerCase(), lines: [Buffer.from(line)] })
  }

  *finish(): Steps<ParsedHeader> {
    const fields: HeaderField[] = []
    for (const [at, { name, lines }] of this.#fields.entries()) {
      if (at % FIELDS === FIELDS - 1) yield
      const raw = yield* joinLines(lines)
      fields.push({ name, raw, at })
      if (!isUtf8(raw)) this.#defects.add('header-charset-unknown')
      else if (!isAscii(raw)) this.#defects.add('header-8bit')
      if (raw.includes(CR) && /\r(?!\n)/.test(raw.toString('latin1'))) this.#defects.add('header-bare-cr')
    }
    return { fields, defects: [...this.#defects] }
  }

  #other(line: Buffer): void {
    this.#defects.add('header-without-colon')
    this.#fields.push({ name: '', lines: [Buffer.from(line)] })
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09)
}

/** Fields, and lines of one, that are joined in one step. */
const FIELDS = 500
const LINES = 4_000

function* joinLines(lines: readonly Buffer[]): Steps<Buffer> {
  if (lines.length === 1) return lines[0]!
  const whole = Buffer.allocUnsafe(lines.reduce((size, line) => size + line.length + 2, -2))
  let to = 0
  for (const [at, line] of lines.entries()) {
    if (at % LINES === LINES - 1) yield
    if (at > 0) {
      whole[to++] = CR
      whole[to++] = LF
    }
    whole.set(line, to)
    to += line.length
  }
  return whole
}

/** Parses a whole header block, up to the empty line or the end; accepts CRLF and LF. For small headers in memory. */
export function parseHeader(block: Buffer): ParsedHeader {
  const lines = new HeaderLines()
  for (let at = 0; at < block.length; ) {
    const lf = block.indexOf(LF, at)
    const next = lf < 0 ? block.length : lf + 1
    const end = lf < 0 ? block.length : lf > at && block[lf - 1] === CR ? lf - 1 : lf
    if (end === at) break
    lines.add(block.subarray(at, end))
    at = next
  }
  return completed(lines.finish())
}

/** The value after the colon, unfolded (RFC 5322 2.2.3), as text: UTF-8 where it is, else windows-1252. Not decoded. */
export function fieldValue(field: HeaderField): string {
  const colon = field.raw.indexOf(0x3a)
  return decodeCharset(unfolded(field.raw.subarray(field.name ? colon + 1 : 0)), undefined).trim()
}

/** Without the line ends in front of white space; a pattern over the text takes ten times as long. */
function unfolded(bytes: Buffer): Buffer {
  if (!bytes.includes(LF)) return bytes
  const out = Buffer.allocUnsafe(bytes.length)
  let to = 0
  for (let at = 0; at < bytes.length; at++) {
    const next = bytes[at + 1]
    if (bytes[at] !== LF || (next !== 0x20 && next !== 0x09)) out[to++] = bytes[at]!
    else if (to > 0 && out[to - 1] === CR) to--
  }
  return out.subarray(0, to)
}

/** As `fieldText`; others have their turn between the words of a long value. */
export function fieldTextInTurns(field: HeaderField): Promise<string> {
  return inTurns(decodingWords(fieldValue(field)))
}

/** The value unfolded and with its encoded words decoded: for unstructured fields such as Subject. */
export function fieldText(field: HeaderField): string {
  return decodeWords(fieldValue(field))
}

/** Encoded words can hold line ends and worse; nobody sees them, and text with them cannot go into a header again. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}

/** The first field of a name (lower case). */
export function fieldOf(fields: readonly HeaderField[], name: string): HeaderField | undefined {
  return fields.find((field) => field.name === name)
}

/** All fields of a name (lower case), in order. */
export function fieldsOf(fields: readonly HeaderField[], name: string): readonly HeaderField[] {
  return fields.filter((field) => field.name === name)
}

/** Unfolded value of the first field of a name, or null. */
export function firstValue(fields: readonly HeaderField[], name: string): string | null {
  const field = fieldOf(fields, name)
  return field ? fieldValue(field) : null
}

/**
 * A field for the wire from text: encoded (RFC 2047) where it is not printable ASCII, folded at 76 columns. CR, LF or NUL in name
 * or value raise `header-malformed`: nobody injects a header line through a value.
 */
export function headerField(name: string, text: string): HeaderField {
  refuseControls(name, text)
  return writtenField(name, encodeWords(text))
}

/**
 * A field from a value that is already in wire form (structured fields: parameters, message ids, address lists). It may hold
 * folding (CRLF followed by white space) and nothing else that ends a line; else `header-malformed`.
 */
export function rawField(name: string, value: string): HeaderField {
  refuseControls(name, value.replace(/\r\n(?=[ \t]+\S)/g, ''))
  return writtenField(name, value)
}

function refuseControls(name: string, value: string): void {
  if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name)) throw new Fault('header-malformed', 'field name')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters end lines or words for some reader
  if (/[\u0000\r\n]/.test(value)) throw new Fault('header-malformed', `line break in ${name}`)
}

function writtenField(name: string, value: string): HeaderField {
  const folded = value.includes('\r\n') ? value : fold(value, name.length + 2)
  return { name: name.toLowerCase(), raw: Buffer.from(`${name}: ${folded}`) }
}

/** Breaks before spaces so that lines stay within 76 columns where the words allow (RFC 5322 2.2.3). */
function fold(value: string, indent: number): string {
  if (indent + value.length <= 76) return value
  let out = ''
  let column = indent
  for (const word of value.split(/(?= )/)) {
    if (column + word.length > 76 && column > indent && word.trim()) {
      out += '\r\n'
      column = 0
    }
    out += word
    column += word.length
  }
  return out
}

/** Changes of a header. Names are in lower case. */
export interface HeaderEdits {
  readonly remove?: ReadonlySet<string>
  /** Each in place of the first field of its name, further ones go; at the end where there is none. Values as for `headerField`. */
  readonly set?: readonly { readonly name: string; readonly value: string }[]
  /** Before everything: trace fields. */
  readonly prepend?: readonly HeaderField[]
}

/**
 * Applies edits (first `remove`, then `set`); every field they do not name keeps its bytes and its place. Raises
 * `header-malformed` for a value with a line break.
 */
export function editHeader(fields: readonly HeaderField[], edits: HeaderEdits): HeaderField[] {
  let result = fields.filter((field) => !field.name || !edits.remove?.has(field.name))
  for (const { name, value } of edits.set ?? []) result = withField(result, headerField(name, value))
  return [...(edits.prepend ?? []), ...result]
}

/** The fields with this one in place of all others of its name. */
export function withField(fields: readonly HeaderField[], field: HeaderField): HeaderField[] {
  const first = fields.findIndex((candidate) => candidate.name === field.name)
  if (first < 0) return [...fields, field]
  const at = fields[first]!.at
  const placed = at === undefined ? field : { ...field, at }
  return fields.flatMap((candidate, index) =>
    index === first ? [placed] : candidate.name === field.name ? [] : [candidate],
  )
}
