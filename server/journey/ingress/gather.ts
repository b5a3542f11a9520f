import type { BlobContent } from '../../ports/blobs.ts'

/** Bytes that may still be held in memory by all who share it. */
export interface Room {
  left: number
}

export interface Gathered {
  readonly content: BlobContent
  /** All of it, alone in its buffer; null where there was more than may be held. */
  readonly bytes: Uint8Array | null
  /** Gives the room back; call it once the bytes are gone or handed on. */
  release(): void
}

/** Sizes of the buffer before it has all that may be held: most mails are small. Pages that nobody writes to take no memory. */
const SIZES = [16_384, 65_536]
/** Up to here a copy of the right size costs less than the room of a buffer that is too large. */
const SPARE = 65_536

/**
 * Holds content of no more than `most` bytes in one buffer, as long as there is room: it is then hashed, written and handed to
 * the other thread in one piece each. What is longer flows on in the pieces it comes in, behind those that were held.
 * Raises what the source raises.
 */
export async function gather(source: AsyncIterable<Buffer>, most: number, room: Room): Promise<Gathered> {
  if (most === 0) return { content: source, bytes: null, release() {} }
  const pieces = source[Symbol.asyncIterator]()
  let buffer: Buffer<ArrayBuffer> = Buffer.alloc(0)
  let length = 0
  /** Of the buffer; one that was handed on says that it is empty. */
  let cost = 0
  function pay(size: number): void {
    room.left += cost - size
    cost = size
  }

  function fits(more: number): boolean {
    if (length + more <= buffer.length) return true
    if (length + more > most) return false
    const size = Math.min(SIZES.find((one) => one >= length + more) ?? most, most)
    if (size - cost > room.left) return false
    pay(size)
    // Not of the pool that Node's small buffers share: it is handed on as a whole.
    const larger = Buffer.allocUnsafeSlow(size)
    larger.set(buffer.subarray(0, length))
    buffer = larger
    return true
  }

  function shrunk(): Buffer {
    const small = Buffer.allocUnsafeSlow(length)
    small.set(buffer.subarray(0, length))
    pay(length)
    buffer = small
    return small
  }

  const release = () => pay(0)
  try {
    for (;;) {
      const { value, done } = await pieces.next()
      if (done) {
        const bytes = length < SPARE || length * 2 < buffer.length ? shrunk() : buffer.subarray(0, length)
        return { content: bytes, bytes, release }
      }
      if (!fits(value.length))
        return { content: follow(buffer.subarray(0, length), value, pieces), bytes: null, release }
      buffer.set(value, length)
      length += value.length
    }
  } catch (error) {
    release()
    throw error
  }
}

async function* follow(first: Buffer, next: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first
    yield next
    for (let { value, done } = await rest.next(); !done; { value, done } = await rest.next()) yield value
  } finally {
    await rest.return?.()
  }
}
