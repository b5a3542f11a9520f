import { Fault } from '../../../shared/fault/index.ts'
import { TAG } from './der.ts'

/**
 * One value that was read. Its octets are views of the input, made when somebody asks: of the thirty values of a small container,
 * few are looked at.
 */
export class Element {
  /** Identifier octet. */
  readonly tag: number
  /** Members of a constructed value, else empty. */
  readonly children: readonly Element[]
  readonly indefinite: boolean
  /** Offset behind the whole encoding in the input. */
  readonly end: number
  readonly #input: Buffer
  readonly #start: number
  readonly #contentStart: number

  constructor(
    input: Buffer,
    { start, contentStart, end }: { readonly start: number; readonly contentStart: number; readonly end: number },
    children: readonly Element[] = NONE,
    tag: number = input[start]!,
  ) {
    this.#input = input
    this.#start = start
    this.#contentStart = contentStart
    this.end = end
    this.tag = tag
    this.children = children
    this.indefinite = input[start + 1] === 0x80
  }

  /** The whole encoding with identifier and length. */
  get bytes(): Buffer {
    return this.#input.subarray(this.#start, this.end)
  }

  /** Contents octets; of an indefinite form without its end-of-contents. */
  get content(): Buffer {
    return this.#input.subarray(this.#contentStart, this.indefinite ? this.end - 2 : this.end)
  }

  /** The first `most` contents octets of a primitive value as characters, without a view in between. */
  latin1(most: number): string {
    return this.#input.toString('latin1', this.#contentStart, Math.min(this.end, this.#contentStart + most))
  }

  /** What stands under an IMPLICIT tag, as the value of the type it is (X.690 8.14.3). `bytes` stay as they were read. */
  as(tag: number): Element {
    const at = { start: this.#start, contentStart: this.#contentStart, end: this.end }
    return new Element(this.#input, at, this.children, tag)
  }
}

const NONE: readonly Element[] = []

export interface ReadLimits {
  /** `der` refuses what X.690 section 10 forbids: indefinite lengths, overlong lengths, constructed strings. */
  readonly encoding: 'der' | 'ber'
  readonly maxDepth?: number
  /** A message of 64 MiB in octet pieces of 1 KiB has 65,536 elements. */
  readonly maxElements?: number
}

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** Identifier and length octets of one value. */
export interface Head {
  readonly tag: number
  /** Octets of contents; null for the indefinite form. */
  readonly length: number | null
  /** Octets of the head itself. */
  readonly size: number
}

/**
 * Reads the head of the value at `at`, of which `limit` octets of `input` may be looked at; BER. Raises
 * `container-malformed` for what no value begins with, and when the head is cut off.
 */
export function readHead(input: Buffer, at: number, limit: number): Head {
  if (at + 2 > limit) throw malformed('truncated')
  const tag = input[at]!
  if ((tag & 0x1f) === 0x1f) throw malformed('multi-byte tag')
  if (tag === 0) throw malformed('end of contents without a beginning')
  const first = input[at + 1]!
  if (first === 0x80) {
    if ((tag & 0x20) === 0) throw malformed('indefinite length of a primitive value')
    return { tag, length: null, size: 2 }
  }
  if (first < 0x80) return { tag, length: first, size: 2 }
  const octets = first & 0x7f
  if (octets > 4) throw malformed('length of more than four octets')
  if (at + 2 + octets > limit) throw malformed('truncated')
  return { tag, length: input.readUIntBE(at + 2, octets), size: 2 + octets }
}

/** Reads the one value that begins at `at` and lies before `limit`; what follows it is not looked at. Bounded like `readElement`. */
export function readElementAt(input: Buffer, at: number, limit: number, limits: ReadLimits): Element {
  return readAt(
    {
      buffer: input,
      der: limits.encoding === 'der',
      maxDepth: limits.maxDepth ?? 24,
      left: limits.maxElements ?? 100_000,
    },
    at,
    limit,
    0,
  )
}

/**
 * Reads exactly one value that fills `input`. Work and memory are bounded by `maxDepth` (default 24) and `maxElements`
 * (default 100,000) whatever the lengths claim. Raises `container-malformed`; nothing else is thrown.
 */
export function readElement(input: Uint8Array, limits: ReadLimits): Element {
  const buffer = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const state: State = {
    buffer,
    der: limits.encoding === 'der',
    maxDepth: limits.maxDepth ?? 24,
    left: limits.maxElements ?? 100_000,
  }
  const element = readAt(state, 0, buffer.length, 0)
  if (element.end !== buffer.length) throw malformed('bytes after the value')
  return element
}

interface State {
  readonly buffer: Buffer
  readonly der: boolean
  readonly maxDepth: number
  left: number
}

function readAt(state: State, start: number, limit: number, depth: number): Element {
  if (depth > state.maxDepth) throw malformed('nested too deeply')
  if (state.left-- <= 0) throw malformed('too many elements')
  const { buffer } = state
  if (start + 2 > limit) throw malformed('truncated')
  const tag = buffer[start]!
  if ((tag & 0x1f) === 0x1f) throw malformed('multi-byte tag')
  if (tag === 0) throw malformed('end of contents without a beginning')
  const constructed = (tag & 0x20) !== 0
  if (constructed !== mustBeConstructed(tag, constructed)) throw malformed('sequence or set is not constructed')
  if (state.der && constructed && tag < 0x40 && tag !== TAG.sequence && tag !== TAG.set) {
    throw malformed('constructed string in DER')
  }
  const first = buffer[start + 1]!
  if (first === 0x80) return readIndefinite(state, start, limit, depth, constructed)
  let contentStart = start + 2
  let length = first
  if (first > 0x80) {
    const octets = first & 0x7f
    if (octets > 4) throw malformed('length of more than four octets')
    if (contentStart + octets > limit) throw malformed('truncated')
    length = buffer.readUIntBE(contentStart, octets)
    contentStart += octets
    if (state.der && (length < 0x80 || length < 2 ** (8 * (octets - 1)))) throw malformed('length is not minimal')
  }
  const end = contentStart + length
  if (end > limit) throw malformed('length runs past the end')
  if (!constructed) return new Element(buffer, { start, contentStart, end })
  const children: Element[] = []
  for (let at = contentStart; at < end; ) {
    const child = readAt(state, at, end, depth + 1)
    children.push(child)
    at = child.end
  }
  return new Element(buffer, { start, contentStart, end }, children)
}

function mustBeConstructed(tag: number, constructed: boolean): boolean {
  return (tag & ~0x20) === 0x10 || (tag & ~0x20) === 0x11 ? true : constructed
}

function readIndefinite(state: State, start: number, limit: number, depth: number, constructed: boolean): Element {
  if (state.der) throw malformed('indefinite length in DER')
  if (!constructed) throw malformed('indefinite length of a primitive value')
  const children: Element[] = []
  let at = start + 2
  for (;;) {
    if (at + 2 > limit) throw malformed('truncated')
    if (state.buffer[at] === 0 && state.buffer[at + 1] === 0) break
    const child = readAt(state, at, limit, depth + 1)
    children.push(child)
    at = child.end
  }
  return new Element(state.buffer, { start, contentStart: start + 2, end: at + 2 }, children)
}

/** Reads the members of one constructed value in order: what is left unread is an error, so nothing slips by. */
export class Members {
  readonly #elements: readonly Element[]
  #at = 0

  constructor(parent: Element, tag: number) {
    if (parent.tag !== tag) throw malformed(`tag 0x${parent.tag.toString(16)} where 0x${tag.toString(16)} belongs`)
    this.#elements = parent.children
  }

  take(tag?: number): Element {
    const element = this.#elements[this.#at]
    if (!element) throw malformed('a member is missing')
    if (tag !== undefined && element.tag !== tag) {
      throw malformed(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} belongs`)
    }
    this.#at++
    return element
  }

  /** Whatever comes next; null at the end. */
  next(): Element | null {
    return this.#at < this.#elements.length ? this.take() : null
  }

  optional(tag: number): Element | null {
    return this.#elements[this.#at]?.tag === tag ? this.take(tag) : null
  }

  rest(): readonly Element[] {
    const left = this.#elements.slice(this.#at)
    this.#at = this.#elements.length
    return left
  }

  end(): void {
    if (this.#at !== this.#elements.length) throw malformed('unexpected member')
  }
}
