import { Fault } from '../../../../shared/fault/index.ts'
import { base64Lines as foldedBase64 } from '../../../mime/encode.ts'

/** Octets of one line of 76 characters (RFC 2045 6.8). */
const LINE = 57
const BATCH = LINE * 1024

/** base64 in CRLF lines of 76 characters, constant memory. */
export async function* base64Lines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces(source, BATCH)) yield foldedBase64(piece)
}

/**
 * The same bytes in pieces of exactly `size` but for the last; nothing for an empty source. What came in one chunk and is
 * no more than a piece is handed on as it is: small mail is not copied.
 */
export async function* pieces(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let filled = 0
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; ) {
      const taken = Math.min(size - filled, chunk.length - from)
      held.push(taken === chunk.length ? chunk : chunk.subarray(from, from + taken))
      filled += taken
      from += taken
      if (filled === size) {
        yield whole(held)
        held = []
        filled = 0
      }
    }
  }
  if (filled > 0) yield whole(held)
}

function whole(chunks: readonly Uint8Array[]): Buffer {
  const [only, ...more] = chunks
  if (more.length > 0 || !only) return Buffer.concat(chunks)
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
}

/**
 * Everything of a stream in one buffer. Raises `message-too-large` beyond `limit` bytes, before more is held.
 */
export async function collect(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > limit) throw new Fault('message-too-large', `a protected part may have ${limit} bytes here`)
    chunks.push(chunk)
  }
  return whole(chunks)
}

/** Decodes a base64 body of at most `limit` encoded bytes. Raises `container-malformed` for other characters than base64. */
export async function decodeBase64(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const text = (await collect(source, limit)).toString('latin1').replace(/[\r\n\t ]+/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    throw new Fault('container-malformed', 'not base64')
  }
  return Buffer.from(text, 'base64')
}
