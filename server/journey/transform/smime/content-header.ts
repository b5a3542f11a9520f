import { isAscii } from 'node:buffer'
import { Fault } from '../../../../shared/fault/index.ts'
import type { Entity, HeaderField } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'

const CRLF = Buffer.from('\r\n')

/**
 * Splits an entity for wrapping (RFC 8551 3.1): what describes the content goes inside, everything else (From, Subject,
 * Received, MIME-Version) stays outside. An entity without Content-Type gets the default of RFC 2045 5.2 written out,
 * because readers disagree on a part that starts with an empty line. `inside` are further fields for the inside, in front.
 */
export function splitHeader(
  entity: Entity,
  inside: readonly HeaderField[] = [],
): { inner: Buffer; outer: readonly HeaderField[] } {
  const content = entity.header.filter(({ name }) => name.startsWith('content-'))
  const outer = entity.header.filter(({ name }) => !name.startsWith('content-') && name !== 'mime-version')
  const typed = content.some(({ name }) => name === 'content-type')
  const described = typed ? content : [rawField('Content-Type', 'text/plain; charset=us-ascii'), ...content]
  const lines = [...inside, ...described]
  for (const { raw } of lines) {
    if (raw.includes('\r\n\r\n') || raw.includes('\n\n')) throw new Fault('header-malformed', 'empty line in a field')
  }
  return { inner: Buffer.concat([...lines.flatMap(({ raw }) => [raw, CRLF]), CRLF]), outer }
}

/** The inner entity as one stream: header lines, empty line, body. */
export async function* contentOf(inner: Buffer, entity: Entity): AsyncGenerator<Uint8Array> {
  yield inner
  yield* entity.body()
}

/**
 * Whether the entity must be transfer-encoded again before a clear signature (RFC 8551 3.1.3: 7 bits only). Reads the
 * whole body; never for a `once` entity.
 */
export async function needs7bit(entity: Entity): Promise<boolean> {
  for await (const chunk of contentOf(splitHeader(entity).inner, entity)) {
    if (!isAscii(chunk)) return true
  }
  return false
}
