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
  const outer: HeaderField[] = []
  const lines: Buffer[] = []
  let typed = false
  for (const field of entity.header) {
    if (field.name.startsWith('content-')) {
      typed ||= field.name === 'content-type'
      lines.push(whole(field), CRLF)
    } else if (field.name !== 'mime-version') outer.push(field)
  }
  if (!typed) lines.unshift(DEFAULT_TYPE.raw, CRLF)
  for (const field of inside.toReversed()) lines.unshift(whole(field), CRLF)
  lines.push(CRLF)
  return { inner: Buffer.concat(lines), outer }
}

const DEFAULT_TYPE = rawField('Content-Type', 'text/plain; charset=us-ascii')
const LF = 0x0a
const CR = 0x0d

/** The lines of a field. Raises `header-malformed` where an empty one among them would end the header. */
function whole({ raw }: HeaderField): Buffer {
  for (let at = raw.indexOf(LF); at >= 0; at = raw.indexOf(LF, at + 1)) {
    if (raw[at + 1] === LF || (raw[at + 1] === CR && raw[at + 2] === LF)) {
      throw new Fault('header-malformed', 'empty line in a field')
    }
  }
  return raw
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
