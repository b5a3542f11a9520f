import { Fault } from '../../../../shared/fault/index.ts'
import { Cursor } from '../../../keys/asn1/cursor.ts'
import { LongOctets } from '../../../keys/asn1/long-octets.ts'

/** What stands in front of the content: 2,000 recipients with ML-KEM need 3.5 MB. */
const LARGEST_HEAD = 4 * 1024 * 1024
/** What stands behind it: certificates, revocation lists, signatures. */
const LARGEST_TAIL = 4 * 1024 * 1024
/** The head is read when so much is there, or all of it, and again whenever twice as much is. */
const FIRST_TRY = 16_384

/** What was read in front of the content. */
export interface ContainerHead<T> {
  readonly value: T
  /** Identifier (primitive form) of the octet string that follows; null when the container has none. */
  readonly octets: number | null
}

/**
 * A CMS container with one long octet string in it, read as its bytes arrive: `readHead` takes the members in front of the
 * string, `finish` gives a cursor behind it. Held are head and tail, 4 MiB each at most. Faults: `container-malformed`.
 */
export class LongContainer<T> {
  readonly #readHead: (cursor: Cursor) => ContainerHead<T>
  #held: Buffer[] = []
  #size = 0
  #nextTry = FIRST_TRY
  #head: ContainerHead<T> | null = null
  #content: LongOctets | null = null
  #open: readonly (number | null)[] = []
  #tail = 0

  constructor(readHead: (cursor: Cursor) => ContainerHead<T>) {
    this.#readHead = readHead
  }

  /** What stands in front of the content, as soon as it is there. */
  get head(): T | null {
    return this.#head?.value ?? null
  }

  /** Takes in a chunk and answers the content that is in it. */
  push(chunk: Buffer): readonly Buffer[] {
    if (this.#head === null) {
      this.#held.push(chunk)
      this.#size += chunk.length
      if (this.#size < this.#nextTry) return []
      while (this.#nextTry <= this.#size) this.#nextTry *= 2
      const first = this.#takeHead(this.#size > LARGEST_HEAD)
      return first === null ? [] : this.#push(first)
    }
    return this.#push(chunk)
  }

  /** Content that was held back by a short container, then the cursor behind the content. */
  finish(): { readonly pieces: readonly Buffer[]; readonly cursor: Cursor } {
    let pieces: readonly Buffer[] = []
    if (this.#head === null) {
      const first = this.#takeHead(true)
      if (first !== null) pieces = this.#push(first)
    }
    if (this.#content !== null && !this.#content.done) throw malformed('truncated')
    const tail = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    return { pieces, cursor: new Cursor(tail, this.#tail, this.#open) }
  }

  /** Reads the head from what is held; null when more is needed and may come. Answers the bytes behind it. */
  #takeHead(last: boolean): Buffer | null {
    const held = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    const cursor = new Cursor(held)
    try {
      this.#head = this.#readHead(cursor)
    } catch (error) {
      // A head that is cut off and one that is wrong look alike until more has come, or cannot come.
      if (last || !(error instanceof Fault)) throw error
      this.#held = [held]
      return null
    }
    this.#open = cursor.open
    this.#tail = cursor.offset
    this.#held = []
    this.#size = 0
    const { octets } = this.#head
    if (octets !== null) this.#content = new LongOctets(octets, cursor.offset, cursor.bound)
    return held.subarray(cursor.offset)
  }

  #push(chunk: Buffer): readonly Buffer[] {
    if (this.#content === null || this.#content.done) {
      this.#keep(chunk)
      return []
    }
    const { pieces, rest } = this.#content.push(chunk)
    if (this.#content.done) {
      this.#tail = this.#content.offset
      this.#keep(rest)
    }
    return pieces
  }

  #keep(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > LARGEST_TAIL) throw malformed('too much behind the content')
    this.#held.push(Buffer.from(chunk))
  }
}

const malformed = (detail: string) => new Fault('container-malformed', detail)
