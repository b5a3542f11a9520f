import { createHash } from 'node:crypto'
import { Fault } from '../../shared/fault/index.ts'
import type { OpenByteSource } from '../ports/bytes.ts'

/**
 * The bytes of a stored message from `start` on. It ends only when the whole is what was stored (`digest`: SHA-256, hex),
 * so nobody sends the final dot after a byte that a disk has changed. Raises `blob-damaged`.
 */
export async function* streamIntact(source: OpenByteSource, digest: string, start = 0): AsyncGenerator<Uint8Array> {
  if (source.held) {
    yield* source.stream(start)
    return
  }
  const hash = createHash('sha256')
  for await (const piece of source.stream(0, start)) hash.update(piece)
  for await (const piece of source.stream(start)) {
    hash.update(piece)
    yield piece
  }
  if (hash.digest('hex') !== digest) throw new Fault('blob-damaged', 'the content is not what was stored')
}

/** Reads everything once: what is evaluated and transformed must be what was acknowledged. Raises `blob-damaged`. */
export async function checkIntact(source: OpenByteSource, digest: string): Promise<void> {
  if (source.held) return
  for await (const _ of streamIntact(source, digest)) {
  }
}
