import { Fault } from '../../../shared/fault/index.ts'
import { readHead } from './ber-read.ts'
import { leastEnd } from './cursor.ts'
import { TAG } from './der.ts'

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** Octet strings inside of each other (X.690 8.7.3): writers use one level, nobody needs eight. */
const DEEPEST = 8
/** Longest head: identifier, length of lengths, four octets. */
const LONGEST_HEAD = 6
/** Pieces of less than this are joined before they are handed on. */
const SMALL = 4_096

/**
 * Takes the contents of one OCTET STRING out of a stream, primitive or constructed, of definite or indefinite length, as
 * its bytes arrive. Time is linear in the bytes, memory that of one chunk.
 */
export class LongOctets {
  /** Identifier of the primitive form: `TAG.octetString`, or an implicit context tag. */
  readonly #tag: number
  /** No octet of the value may stand here or behind; Infinity where nothing says. */
  readonly #bound: number
  #offset: number
  /** Ends of the constructed strings that are open; null for the indefinite form. */
  readonly #open: (number | null)[] = []
  /** Octets of the current piece that are still to come. */
  #left = 0
  /** Beginning of a head that was cut off by the end of a chunk. */
  #head: Buffer = Buffer.alloc(0)
  #state: 'before' | 'inside' | 'done' = 'before'

  constructor(tag: number, offset: number, bound: number) {
    this.#tag = tag
    this.#offset = offset
    this.#bound = bound
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  /** Offset behind the value once it is done. */
  get offset(): number {
    return this.#offset
  }

  /** Contents in `chunk`, as views of it or joined, and what stands behind the value. */
  push(chunk: Buffer): { readonly pieces: readonly Buffer[]; readonly rest: Buffer } {
    const pieces: Buffer[] = []
    let data = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk
    this.#head = data.subarray(0, 0)
    let at = 0
    while (this.#state !== 'done') {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, data.length - at)
        if (taken === 0) break
        pieces.push(data.subarray(at, at + taken))
        at += taken
        this.#offset += taken
        this.#left -= taken
        if (this.#left === 0 && this.#open.length === 0) this.#state = 'done'
        continue
      }
      const end = this.#open[this.#open.length - 1]
      if (end !== undefined && end === this.#offset) {
        this.#close()
        continue
      }
      const size = this.#headAt(data, at)
      if (size === 0) {
        this.#head = Buffer.from(data.subarray(at))
        at = data.length
        break
      }
      at += size
    }
    data = data.subarray(at)
    return { pieces: joined(pieces), rest: data }
  }

  /** Takes in one head, or an end-of-contents, and answers its octets; 0 when it is cut off. */
  #headAt(data: Buffer, at: number): number {
    const available = data.length - at
    if (available < 2) return 0
    const open = this.#open.length > 0
    if (open && this.#open[this.#open.length - 1] === null && data[at] === 0 && data[at + 1] === 0) {
      this.#offset += 2
      this.#close()
      return 2
    }
    if (available < LONGEST_HEAD && available < headSize(data[at + 1]!)) return 0
    const { tag, length, size } = readHead(data, at, data.length)
    const wanted = open ? TAG.octetString : this.#tag
    if (tag !== wanted && tag !== (wanted | 0x20)) throw malformed('octet string expected')
    const begin = this.#offset + size
    if (begin + (length ?? 0) > leastEnd(this.#open, this.#bound)) throw malformed('length runs past the end')
    this.#offset = begin
    this.#state = 'inside'
    if ((tag & 0x20) !== 0) {
      if (this.#open.length >= DEEPEST) throw malformed('nested too deeply')
      this.#open.push(length === null ? null : begin + length)
    } else {
      this.#left = length ?? 0
      if (this.#left === 0 && !open) this.#state = 'done'
    }
    return size
  }

  #close(): void {
    this.#open.pop()
    if (this.#open.length === 0) this.#state = 'done'
  }
}

const headSize = (first: number) => 2 + (first > 0x80 ? first & 0x7f : 0)

/** A hundred strings of a few octets in one chunk become one piece: each piece costs its taker a call. */
function joined(pieces: readonly Buffer[]): readonly Buffer[] {
  if (pieces.length < 2 || pieces.every(({ length }) => length >= SMALL)) return pieces
  return [Buffer.concat(pieces)]
}
