import { Fault } from '../../../../shared/fault/index.ts'

/** Octets of one line of 76 characters (RFC 2045 6.8). */
const LINE = 57
const BATCH = LINE * 1024

/** base64 in CRLF lines of 76 characters, constant memory. */
export async function* base64Lines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces(source, BATCH)) yield foldBase64(piece)
}

/** base64 of one buffer in CRLF lines; '' for nothing. */
export function foldBase64(data: Buffer): Buffer {
  const text = data.toString('base64')
  const out = Buffer.allocUnsafe(text.length + 2 * Math.ceil(text.length / 76))
  let at = 0
  for (let from = 0; from < text.length; from += 76) {
    at += out.write(text.slice(from, from + 76), at, 'latin1')
    out[at++] = 13
    out[at++] = 10
  }
  return out
}

/** The same bytes in pieces of exactly `size` but for the last; nothing for an empty source. A piece is the taker's to keep. */
export async function* pieces(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(size)
  let filled = 0
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; ) {
      const taken = Math.min(size - filled, chunk.length - from)
      piece.set(chunk.subarray(from, from + taken), filled)
      filled += taken
      from += taken
      if (filled === size) {
        yield piece
        piece = Buffer.allocUnsafe(size)
        filled = 0
      }
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
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
  return Buffer.concat(chunks, size)
}

/** Decodes a base64 body of at most `limit` encoded bytes. Raises `container-malformed` for other characters than base64. */
export async function decodeBase64(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const text = (await collect(source, limit)).toString('latin1').replace(/[\r\n\t ]+/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    throw new Fault('container-malformed', 'not base64')
  }
  return Buffer.from(text, 'base64')
}
