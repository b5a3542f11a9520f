import type { Entity, HeaderField } from './entity.ts'

export { filePart, messageOf, multipart, textPart } from './build.ts'

const CRLF = Buffer.from('\r\n')
const CHUNK_MIN = 65_536
const CHUNK_MAX = 262_144

/** The entity as it stands on the wire: header lines, the empty line, the body; in chunks of 64 to 256 KiB but for the last. */
export function writeEntity(entity: Entity): AsyncGenerator<Buffer> {
  return coalesced(entity, headerBytes(entity.header))
}

/** Its body alone, in chunks of the same sizes. */
export function writeBody(entity: Entity): AsyncGenerator<Buffer> {
  return coalesced(entity)
}

/** Header lines and the empty line. */
export function headerBytes(fields: readonly HeaderField[]): Buffer {
  return Buffer.concat([...fields.flatMap(({ raw }) => [raw, CRLF]), CRLF])
}

/** Bytes of the whole entity, or undefined where the body's size is not known beforehand. */
export function entitySize(entity: Entity): number | undefined {
  return entity.size === undefined ? undefined : headerBytes(entity.header).length + entity.size
}

/**
 * The body, `first` in front of it. Joins small chunks and splits large ones: a system call and an await for every line
 * would cost more than the bytes.
 */
async function* coalesced({ body }: Entity, first?: Buffer): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = first ? [first] : []
  let size = first?.length ?? 0
  for await (const chunk of body()) {
    if (chunk.length === 0) continue
    held.push(chunk)
    size += chunk.length
    if (size < CHUNK_MIN) continue
    let bytes = joined(held)
    while (bytes.length >= CHUNK_MIN) {
      yield bytes.subarray(0, CHUNK_MAX)
      bytes = bytes.subarray(CHUNK_MAX)
    }
    held = bytes.length > 0 ? [bytes] : []
    size = bytes.length
  }
  if (size > 0) yield joined(held)
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const [only] = chunks
  if (chunks.length === 1 && only) return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  return Buffer.concat(chunks)
}
