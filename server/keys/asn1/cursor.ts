import { Fault } from '../../../shared/fault/index.ts'
import { type Element, readElementAt, readHead } from './ber-read.ts'

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** Constructed values that may be open at a time. */
const DEEPEST = 16
/** Elements that one whole member may have: a set of 2,000 recipients has some 30,000. */
const MOST_ELEMENTS = 100_000

/**
 * Walks a BER encoding from its outermost value inwards without holding all of it: constructed values are entered and
 * left, small members are taken as a whole. A member never runs past any value it stands in. Every fault is
 * `container-malformed`, also that the bytes at hand end too early.
 */
export class Cursor {
  readonly #buffer: Buffer
  /** Offset of the first octet of `buffer` in the whole encoding. */
  readonly #base: number
  /** Ends of the values that are open, in the whole encoding; null for the indefinite form. */
  readonly #open: (number | null)[]
  #at = 0

  constructor(buffer: Buffer, base = 0, open: readonly (number | null)[] = []) {
    this.#buffer = buffer
    this.#base = base
    this.#open = [...open]
  }

  /** Where it stands in the whole encoding. */
  get offset(): number {
    return this.#base + this.#at
  }

  get open(): readonly (number | null)[] {
    return this.#open
  }

  /** First octet behind which nothing of the innermost value can stand; Infinity when only its end-of-contents tells. */
  get bound(): number {
    return leastEnd(this.#open, Infinity)
  }

  /** Opens a constructed value. */
  enter(tag: number): void {
    const head = this.#head()
    if (head.tag !== tag) throw unexpected(head.tag, tag)
    if (this.#open.length >= DEEPEST) throw malformed('nested too deeply')
    const end = head.length === null ? null : this.offset + head.size + head.length
    if (end !== null && end > this.bound) throw malformed('length runs past the end')
    this.#at += head.size
    this.#open.push(end)
  }

  /** Closes the innermost value, which must have no member left. */
  leave(): void {
    if (!this.ended()) throw malformed('unexpected member')
    if (this.#open.pop() === null) this.#at += 2
  }

  /** Whether the innermost open value has no further member. */
  ended(): boolean {
    const end = this.#open[this.#open.length - 1]
    if (end !== null && end !== undefined) return this.offset === end
    if (end === undefined) return this.#at === this.#buffer.length
    if (this.#at + 2 > this.#limit()) throw malformed('truncated')
    return this.#buffer[this.#at] === 0 && this.#buffer[this.#at + 1] === 0
  }

  /** Identifier octet of the next member, null at the end. */
  next(): number | null {
    if (this.ended()) return null
    return this.#head().tag
  }

  /** The next member as a whole. */
  take(tag?: number): Element {
    if (this.ended()) throw malformed('a member is missing')
    const limits = { encoding: 'ber', maxElements: MOST_ELEMENTS } as const
    const element = readElementAt(this.#buffer, this.#at, this.#limit(), limits)
    if (tag !== undefined && element.tag !== tag) throw unexpected(element.tag, tag)
    this.#at += element.bytes.length
    return element
  }

  optional(tag: number): Element | null {
    return this.next() === tag ? this.take() : null
  }

  #head() {
    if (this.ended()) throw malformed('a member is missing')
    return readHead(this.#buffer, this.#at, this.#limit())
  }

  /** End of the bytes that may be looked at, in `buffer`. */
  #limit(): number {
    return Math.min(this.#buffer.length, this.bound - this.#base)
  }
}

/** The first of the ends of values that are open; `least` where none is nearer. */
export function leastEnd(open: readonly (number | null)[], least: number): number {
  for (let at = 0; at < open.length; at += 1) {
    const end = open[at]
    if (typeof end === 'number' && end < least) least = end
  }
  return least
}

const unexpected = (tag: number, wanted: number) =>
  malformed(`tag 0x${tag.toString(16)} where 0x${wanted.toString(16)} belongs`)
