import type { Entity } from '../../../mime/entity.ts'

const CRLF = Buffer.from('\r\n', 'ascii')

/** An entity as it stands on the wire: what is signed (RFC 3156 5) and encrypted (RFC 3156 4). */
export async function* entityBytes(entity: Entity): AsyncIterable<Uint8Array> {
  yield Buffer.concat([...entity.header.flatMap((field) => [field.raw, CRLF]), CRLF])
  yield* entity.body()
}
