import { othersTurn, turnIsOver } from '../threads/turn.ts'

/**
 * Bytes that can be read from any offset, as often as wanted, without being held: a spool file, a rendered copy, a
 * buffer in a test. Offsets are bytes; `end` is exclusive and defaults to `size`.
 */
export interface ByteSource {
  readonly size: number
  /** Chunks in order; at most 256 KiB each. */
  stream(start?: number, end?: number): AsyncIterable<Buffer>
  /** Exactly `end - start` bytes; for small ranges (headers). */
  read(start: number, end: number): Promise<Buffer>
}

/** A source over an open file or object that must be given back. */
export interface OpenByteSource extends ByteSource, AsyncDisposable {
  /** The bytes have been in this process's memory since they were received: no disk can have changed them. */
  readonly held?: boolean
}

/** A producer of bytes that can be started more than once and yields the same bytes each time unless its doc says otherwise. */
export type ByteStream = () => AsyncIterable<Uint8Array>

/** What work of some tens of nanoseconds a byte does in a millisecond or two. */
const PIECE = 65_536

/** A source over bytes in memory. What comes from a disk waits for it; these give others their turn between two pieces. */
export function bytesOf(data: Uint8Array): ByteSource {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return {
    size: buffer.length,
    stream: (start = 0, end = buffer.length) => inTurns(buffer, start, end),
    async read(start, end) {
      return buffer.subarray(start, end)
    },
  }
}

/** By itself, not inside of each source: V8 keeps a hidden class for every generator function that is made and called. */
async function* inTurns(buffer: Buffer, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += PIECE) {
    if (at > start && turnIsOver()) await othersTurn()
    yield buffer.subarray(at, Math.min(at + PIECE, end))
  }
}

/** All that a stream gives, in memory: for what is known to be small. */
export async function gathered(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

/**
 * Frees bytes that are alone in their buffer and that nobody reads any more, at once: what has outlived a moment waits for a
 * collection of the whole heap, and by thousands of mails that is much. Shared memory and what was given away stay as they are.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}
