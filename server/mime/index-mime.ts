import { Fault } from '../../shared/fault/index.ts'
import type { Steps } from '../../shared/policy/steps.ts'
import type { ByteSource } from '../ports/bytes.ts'
import { inTurns, othersTurn, piecesOf, turnIsOver } from '../threads/turn.ts'
import { HeaderLines } from './header.ts'
import { DEFAULT_LIMITS, type MimeIndex, type MimeLimits } from './part.ts'
import { PartTree } from './tree.ts'

export type { MimeIndex, MimeLimits } from './part.ts'

const LF = 0x0a
const CR = 0x0d
const DASHES = Buffer.from('\n--')
/** Lines that are read in one step. */
const LINES = 1_000
/** Longest line that is looked at as a delimiter; a boundary has at most 70 characters. */
const DELIMITER_MAX = 1_000

/** Fields that stand at most once in a message (RFC 5322 3.6). */
const SINGLE: ReadonlySet<string> = new Set(
  'from sender reply-to to cc subject date message-id in-reply-to references'.split(' '),
)

/**
 * One pass over the source that finds every part: headers are kept, bodies are skipped from one possible delimiter line to the
 * next, nothing is decoded. Time is linear in the size, memory is that of the headers. Line ends are CRLF; a bare LF ends a line
 * too, a bare CR does not. RFC 2045, 2046, 5322.
 *
 * Raises `header-too-large` and `mime-too-complex` at the limits; anything else, however broken, gives an index with defects.
 */
export async function indexMime(source: ByteSource, limits: MimeLimits = DEFAULT_LIMITS): Promise<MimeIndex> {
  return indexStream(source.stream(), limits)
}

/** The same over bytes that come by once; offsets count from the first one. */
export async function indexStream(
  chunks: AsyncIterable<Buffer>,
  limits: MimeLimits = DEFAULT_LIMITS,
): Promise<MimeIndex> {
  const scanner = new Scanner(limits)
  for await (const chunk of chunks) {
    for (const piece of piecesOf(chunk)) {
      if (turnIsOver()) await othersTurn()
      for (const _ of scanner.push(piece)) if (turnIsOver()) await othersTurn()
    }
  }
  return inTurns(scanner.finish())
}

class Scanner {
  readonly #limits: MimeLimits
  readonly #tree: PartTree
  /** Bytes seen but not yet consumed; `#offset` is the position of the first one. */
  #pending: Buffer = Buffer.alloc(0)
  #offset = 0
  #header: HeaderLines | null = new HeaderLines()
  #headerBytes = 0
  /** Where the line end before the current line begins: what a delimiter here would take from the body before it. */
  #lineBreak = 0
  #root = true
  #atLineStart = false

  constructor(limits: MimeLimits) {
    this.#limits = limits
    this.#tree = new PartTree(limits)
  }

  *push(chunk: Buffer): Steps<void> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    yield* this.#run(false)
  }

  *finish(): Steps<MimeIndex> {
    yield* this.#run(true)
    const size = this.#offset + this.#pending.length
    // More than once where a message inside of a message begins at the very end.
    while (this.#header) yield* this.#endHeader(size)
    return this.#tree.finish(size)
  }

  *#run(last: boolean): Steps<void> {
    // Each consumes bytes or changes from header to body.
    for (let lines = 1; this.#header ? yield* this.#headerLine(last) : this.#bodyStep(last); lines++) {
      if (lines % LINES === 0) yield
    }
  }

  /** Consumes one line of a header. False: more bytes are needed. */
  *#headerLine(last: boolean): Steps<boolean> {
    const lf = this.#pending.indexOf(LF)
    if (lf < 0) {
      if (this.#headerBytes + this.#pending.length > this.#limits.headerBytes) this.#tooLarge()
      if (!last || this.#pending.length === 0) return false
    }
    const length = lf < 0 ? this.#pending.length : lf + 1
    const text = lf < 0 ? length : lf > 0 && this.#pending[lf - 1] === CR ? lf - 1 : lf
    const line = this.#pending.subarray(0, text)
    if (line.length === 0) {
      this.#consume(length, text)
      yield* this.#endHeader(this.#offset)
      return true
    }
    const dashes = this.#tree.waitsForDelimiter && line[0] === 0x2d && line[1] === 0x2d
    if (dashes && this.#tree.isDelimiter(line.toString('latin1'))) {
      this.#tree.defects.add('header-unterminated')
      yield* this.#endHeader(this.#offset)
      if (this.#delimiter(line, length, text)) return true
    }
    this.#headerBytes += length
    if (this.#headerBytes > this.#limits.headerBytes) this.#tooLarge()
    this.#header!.add(line)
    this.#consume(length, text)
    return true
  }

  *#endHeader(bodyStart: number): Steps<void> {
    const { fields, defects } = yield* this.#header!.finish()
    for (const defect of defects) this.#tree.defects.add(defect)
    if (this.#root) {
      this.#root = false
      const seen = new Set<string>()
      for (const { name } of fields) {
        if (seen.has(name) && SINGLE.has(name)) this.#tree.defects.add(`duplicate-${name}`)
        seen.add(name)
      }
    }
    this.#header = (yield* this.#tree.header(fields, bodyStart)) ? new HeaderLines() : null
  }

  /** Goes to the next line that may be a delimiter. False: more bytes are needed. */
  #bodyStep(last: boolean): boolean {
    const pending = this.#pending
    if (!this.#tree.waitsForDelimiter) {
      this.#consume(pending.length, pending.length)
      return false
    }
    // A body begins at a line start; later line starts are found by their line feed, which stays unconsumed until judged.
    const atLineStart = this.#atLineStart
    if (atLineStart && pending.length < 2 && !last) return false
    let start: number
    if (atLineStart && pending[0] === 0x2d && pending[1] === 0x2d) start = 0
    else {
      const found = pending.indexOf(DASHES)
      if (found < 0) {
        this.#skipBody(last ? pending.length : Math.max(0, pending.length - 3))
        return false
      }
      this.#lineBreak = this.#offset + (found > 0 && pending[found - 1] === CR ? found - 1 : found)
      start = found + 1
    }
    if (!this.#tree.mayBeDelimiter(pending, start)) {
      this.#skipBody(start + 2)
      return this.#pending.length > 0
    }
    const lf = pending.subarray(start, start + DELIMITER_MAX).indexOf(LF)
    if (lf < 0 && !last && pending.length - start < DELIMITER_MAX) {
      this.#skipBody(Math.max(0, start - 2))
      return false
    }
    const length = lf < 0 ? Math.min(pending.length - start, DELIMITER_MAX) : lf + 1
    const text = lf < 0 ? length : lf > 0 && pending[start + lf - 1] === CR ? lf - 1 : lf
    const line = pending.subarray(start, start + text)
    this.#skipBody(start)
    if (this.#delimiter(line, length, text)) return true
    // The line end stays: it may begin the next candidate.
    this.#skipBody(lf < 0 && !last ? length - 1 : text)
    return this.#pending.length > 0
  }

  #skipBody(count: number): void {
    if (count === 0) return
    this.#offset += count
    this.#pending = this.#pending.subarray(count)
    this.#atLineStart = false
  }

  /** Gives the tree a line that starts with two dashes; consumes it when it is a delimiter. */
  #delimiter(line: Buffer, length: number, text: number): boolean {
    const at = this.#offset
    const contentEnd = this.#lineBreak
    const met = this.#tree.delimiter(line.toString('latin1'), at, at + length, contentEnd)
    if (!met) return false
    this.#consume(length, text)
    this.#header = met.opens ? new HeaderLines() : null
    return true
  }

  /** Steps over a whole line; `text` is its length without the line end. */
  #consume(length: number, text: number): void {
    this.#lineBreak = this.#offset + text
    this.#offset += length
    this.#pending = this.#pending.subarray(length)
    this.#atLineStart = true
  }

  #tooLarge(): never {
    throw new Fault('header-too-large', `headers of more than ${this.#limits.headerBytes} bytes`)
  }
}
