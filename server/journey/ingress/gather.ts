import type { BlobContent } from '../../ports/blobs.ts'
import type { Slabs } from './slabs.ts'

/** Where content is held: small mail in buffers of its own, as long as there is room, larger mail in slabs, if there are any. */
export interface Holding {
  /** Bytes of small mail that may still be held by all who share it. */
  left: number
  readonly slabs: Slabs | null
}

export interface Gathered {
  readonly content: BlobContent
  /** All of it; null where it could not be held. Small ones are alone in their buffer. */
  readonly bytes: Uint8Array | null
  /** Of the slab that it is in, else 0. */
  readonly ticket: number
  /** Gives the room of small ones back. Whoever was handed a ticket gives that back himself. */
  release(): void
}

/** Content up to so many bytes has a buffer of its own. */
const SMALL = 65_536
/** First size of such a buffer. */
const FIRST = 16_384

/**
 * Holds content as long as there is room, so that it is hashed, written and handed to the other thread in one piece each. What is
 * longer flows on in the pieces it comes in, behind those that were held. Raises what the source raises.
 */
export async function gather(source: AsyncIterable<Buffer>, holding: Holding): Promise<Gathered> {
  const pieces = source[Symbol.asyncIterator]()
  let buffer: Buffer = Buffer.alloc(0)
  let length = 0
  let ticket = 0
  /** Of the room; a buffer that was handed on says that it is empty. */
  let cost = 0
  function pay(size: number): void {
    holding.left += cost - size
    cost = size
  }
  function moveTo(larger: Buffer): void {
    larger.set(buffer.subarray(0, length))
    buffer = larger
  }

  function fits(more: number): boolean {
    const wanted = length + more
    if (wanted <= buffer.length) return true
    if (wanted <= SMALL) {
      const size = wanted <= FIRST ? FIRST : SMALL
      if (size - cost > holding.left) return false
      pay(size)
      // Not of the pool that Node's small buffers share: it is handed on as a whole.
      moveTo(Buffer.allocUnsafeSlow(size))
      return true
    }
    const slab = ticket === 0 ? holding.slabs?.lend() : null
    if (!slab) return false
    ticket = slab.ticket
    moveTo(slab.memory)
    pay(0)
    return wanted <= buffer.length
  }

  function leave(): void {
    pay(0)
    holding.slabs?.giveBack(ticket)
  }

  try {
    for (;;) {
      const { value, done } = await pieces.next()
      if (done) {
        if (ticket === 0) {
          // Of the right size: the copy costs less than the room.
          const small = Buffer.allocUnsafeSlow(length)
          moveTo(small)
          pay(length)
        } else holding.slabs?.filled(ticket, length)
        const bytes = buffer.subarray(0, length)
        return { content: bytes, bytes, ticket, release: () => pay(0) }
      }
      if (!fits(value.length)) {
        const content = follow([buffer.subarray(0, length), value], leave, pieces)
        return { content, bytes: null, ticket: 0, release: leave }
      }
      buffer.set(value, length)
      length += value.length
    }
  } catch (error) {
    leave()
    throw error
  }
}

/** `used`: the first piece was, and its memory is free. */
async function* follow(
  [first, next]: readonly [Buffer, Buffer],
  used: () => void,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield first
    used()
    yield next
    for (let { value, done } = await rest.next(); !done; { value, done } = await rest.next()) yield value
  } finally {
    await rest.return?.()
  }
}
