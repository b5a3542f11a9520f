import { othersTurn, turnIsOver } from '../../../threads/turn.ts'

/** A file that stands in a text as some readers take it out: uuencode (POSIX.1 uuencode) and yEnc 1.3. */
export interface Embedded {
  readonly name: string
  readonly data: Buffer
}

export interface EmbeddedFiles {
  readonly files: readonly Embedded[]
  /** Something began like a file and was none, or was cut: readers may make more of it. */
  readonly broken: boolean
}

/** What begins a file in a text. */
export const EMBEDDED = /^(?:begin(?:-base64)? [0-7]{3,4} \S|=ybegin .*\bname=)/m

const FILES_MAX = 100
/** Lines between two looks at the clock. */
const LINES = 100
/** Characters that are searched at once. */
const SEARCHED = 65_536

const BEGIN = Buffer.from('begin')
const YENC = '=y'
/** Bytes around a border of two pieces in which the beginning of a line with such a word can lie. */
const ACROSS = 8

/**
 * Whether a text may hold a file, and how long it is: most do not, and then nobody has to hold it as a whole. Finds every place
 * that `EMBEDDED` finds, and some more.
 */
export async function lookForFiles(
  pieces: AsyncIterable<Buffer>,
): Promise<{ readonly size: number; readonly may: boolean }> {
  let size = 0
  let may = false
  let tail: Buffer = Buffer.from('\n')
  for await (const piece of pieces) {
    size += piece.length
    if (may) continue
    may = beginsLine(Buffer.concat([tail, piece.subarray(0, ACROSS)])) || beginsLine(piece)
    tail = piece.length < ACROSS ? Buffer.concat([tail, piece]).subarray(-ACROSS) : piece.subarray(-ACROSS)
  }
  return { size, may }
}

/** Whether a line within these bytes begins with `begin` or `=ybegin`. */
function beginsLine(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(BEGIN, 1); at >= 0; at = bytes.indexOf(BEGIN, at + 1)) {
    const start = bytes.toString('latin1', Math.max(0, at - YENC.length), at) === YENC ? at - YENC.length : at
    if (start > 0 && (bytes[start - 1] === 0x0a || bytes[start - 1] === 0x0d)) return true
  }
  return false
}

/** Whether a line of the text is one of `EMBEDDED`. */
export async function mayHoldFiles(bytes: Buffer): Promise<boolean> {
  for (let at = 0; at < bytes.length; ) {
    if (turnIsOver()) await othersTurn()
    // To the end of a line: what begins a file stands in one.
    const lf = bytes.indexOf(0x0a, at + SEARCHED)
    const end = lf < 0 ? bytes.length : lf + 1
    if (EMBEDDED.test(bytes.toString('latin1', at, end))) return true
    at = end
  }
  return false
}

/** Finds the files in the bytes of a text; one pass. */
export async function embeddedFiles(bytes: Buffer): Promise<EmbeddedFiles> {
  const files: Embedded[] = []
  let broken = false
  const lines = new Lines(bytes)
  for (let line = lines.next(); line !== null; line = lines.next()) {
    if (lines.due) await othersTurn()
    const uu = /^begin(-base64)? [0-7]{3,4} (\S.*)$/.exec(line)
    const yenc = uu ? null : /^=ybegin .*?\bname=(.*)$/.exec(line)
    if (!uu && !yenc) continue
    if (files.length >= FILES_MAX) return { files, broken: true }
    const read = await (uu ? (uu[1] ? base64Lines(lines) : uuLines(lines)) : yencLines(lines))
    files.push({ name: (uu?.[2] ?? yenc?.[1] ?? '').trim(), data: read.data })
    // One piece of several: the file as a whole stands in no single mail.
    if (!read.ended || (yenc && /\bpart=/.test(line))) broken = true
  }
  return { files, broken }
}

/** Lines of bytes as latin1, without their ends. */
class Lines {
  readonly #bytes: Buffer
  #at = 0
  #before = 0
  #read = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  next(): string | null {
    if (this.#at >= this.#bytes.length) return null
    this.#before = this.#at
    this.#read++
    const lf = this.#bytes.indexOf(0x0a, this.#at)
    const end = lf < 0 ? this.#bytes.length : lf
    const line = this.#bytes.toString(
      'latin1',
      this.#at,
      end > this.#at && this.#bytes[end - 1] === 0x0d ? end - 1 : end,
    )
    this.#at = end + 1
    return line
  }

  /** It is time for others. */
  get due(): boolean {
    return this.#read % LINES === 0 && turnIsOver()
  }

  /** The line that was read last comes again. */
  back(): void {
    this.#at = this.#before
  }
}

interface Read {
  readonly data: Buffer
  readonly ended: boolean
}

async function uuLines(lines: Lines): Promise<Read> {
  const pieces: Buffer[] = []
  for (let line = lines.next(); line !== null; line = lines.next()) {
    if (lines.due) await othersTurn()
    if (line === 'end') return { data: Buffer.concat(pieces), ended: true }
    const length = line === '' ? 0 : (line.charCodeAt(0) - 32) & 63
    if (length === 0) continue
    const decoded = uuLine(line, length)
    if (!decoded) {
      lines.back()
      break
    }
    pieces.push(decoded)
  }
  return { data: Buffer.concat(pieces), ended: false }
}

/** Null: no line of uuencode. White space at its end may have been cut on the way. */
function uuLine(line: string, length: number): Buffer | null {
  const groups = Math.ceil(length / 3)
  if (line.length > 1 + groups * 4 + 2 || !/^[ -`]+$/.test(line)) return null
  const out = Buffer.alloc(groups * 3)
  const value = (at: number) => (at < line.length ? (line.charCodeAt(at) - 32) & 63 : 0)
  for (let group = 0; group < groups; group++) {
    const at = 1 + group * 4
    const bits = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3)
    out.writeUIntBE(bits, group * 3, 3)
  }
  return out.subarray(0, length)
}

async function base64Lines(lines: Lines): Promise<Read> {
  const pieces: string[] = []
  for (let line = lines.next(); line !== null; line = lines.next()) {
    if (lines.due) await othersTurn()
    if (line === '====') return { data: Buffer.from(pieces.join(''), 'base64'), ended: true }
    if (!/^[A-Za-z0-9+/]*={0,2}\s*$/.test(line)) {
      lines.back()
      break
    }
    pieces.push(line.trim())
  }
  return { data: Buffer.from(pieces.join(''), 'base64'), ended: false }
}

async function yencLines(lines: Lines): Promise<Read> {
  const pieces: Buffer[] = []
  for (let line = lines.next(); line !== null; line = lines.next()) {
    if (lines.due) await othersTurn()
    if (line.startsWith('=yend')) return { data: Buffer.concat(pieces), ended: true }
    if (line.startsWith('=ypart')) continue
    if (line.startsWith('=ybegin')) {
      lines.back()
      break
    }
    const out = Buffer.alloc(line.length)
    let length = 0
    for (let at = 0; at < line.length; at++) {
      if (at % SEARCHED === SEARCHED - 1) await othersTurn()
      const escaped = line[at] === '='
      if (escaped) at++
      if (at < line.length) out[length++] = line.charCodeAt(at) - (escaped ? 106 : 42)
    }
    pieces.push(out.subarray(0, length))
  }
  return { data: Buffer.concat(pieces), ended: false }
}
