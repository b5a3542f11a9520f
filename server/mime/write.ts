import type { Entity, HeaderField } from './entity.ts'

export { filePart, messageOf, multipart, textPart } from './build.ts'

const CRLF = Buffer.from('\r\n')
const CHUNK_MIN = 65_536
const CHUNK_MAX = 262_144
/** A small mail is not copied to be one chunk: pieces of so many bytes are handed on as they are. */
const OWN_MIN = 4096

/**
 * The entity as it stands on the wire: header lines, the empty line, the body; in chunks of 64 to 256 KiB but for the last. What is
 * smaller altogether comes in pieces of 4 KiB and more as the body gave them, with one smaller one at most before, between and behind.
 */
export function writeEntity(entity: Entity): AsyncGenerator<Buffer> {
  return coalesced(entity, headerPieces(entity.header))
}

/** Its body alone, in chunks of the same sizes. */
export function writeBody(entity: Entity): AsyncGenerator<Buffer> {
  return coalesced(entity)
}

/** Header lines and the empty line. */
export function headerBytes(fields: readonly HeaderField[]): Buffer {
  return Buffer.concat(headerPieces(fields))
}

function headerPieces(fields: readonly HeaderField[]): Buffer[] {
  const pieces: Buffer[] = []
  for (const { raw } of fields) pieces.push(raw, CRLF)
  pieces.push(CRLF)
  return pieces
}

/** Bytes of the whole entity, or undefined where the body's size is not known beforehand. */
export function entitySize(entity: Entity): number | undefined {
  return entity.size === undefined ? undefined : headerBytes(entity.header).length + entity.size
}

/**
 * The body, `first` in front of it. Joins small chunks and splits large ones: a system call and an await for every line
 * would cost more than the bytes.
 */
async function* coalesced({ body }: Entity, first: readonly Buffer[] = []): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [...first]
  let size = first.reduce((sum, { length }) => sum + length, 0)
  let small = true
  for await (const chunk of body()) {
    if (chunk.length === 0) continue
    held.push(chunk)
    size += chunk.length
    if (size < CHUNK_MIN) continue
    small = false
    let bytes = joined(held)
    while (bytes.length >= CHUNK_MIN) {
      yield bytes.subarray(0, CHUNK_MAX)
      bytes = bytes.subarray(CHUNK_MAX)
    }
    held = bytes.length > 0 ? [bytes] : []
    size = bytes.length
  }
  if (small) for (const piece of neighboursJoined(held)) yield piece
  else if (size > 0) yield joined(held)
}

/** The pieces with each run of small ones in one. */
function neighboursJoined(held: readonly Uint8Array[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let from = 0; from < held.length; ) {
    let to = from
    while (to < held.length && held[to]!.length < OWN_MIN) to += 1
    if (to === from) to += 1
    pieces.push(joined(held.slice(from, to)))
    from = to
  }
  return pieces
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const [only] = chunks
  if (chunks.length === 1 && only) return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  return Buffer.concat(chunks)
}
