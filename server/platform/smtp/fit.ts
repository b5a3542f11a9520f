import { isAscii } from 'node:buffer'
import type { Envelope } from '../../../shared/domain/index.ts'
import { indexStream } from '../../mime/index-mime.ts'
import { sevenBitSafe } from '../../mime/to7bit.ts'
import { writeEntity } from '../../mime/write.ts'
import type { OutgoingContent } from '../../ports/transport.ts'
import type { Shape } from './commands.ts'
import type { Session } from './session.ts'

/** What is sent to one next hop, and what it demands of it. */
export interface Fitted {
  readonly content: OutgoingContent
  readonly shape: Shape
}

/**
 * Content as one next hop can take it. Where 8BITMIME is offered, that is the content; where it is not, eight-bit parts are
 * encoded anew (RFC 6152 3), unless a signature of DKIM or ARC would break: parts that are signed or encrypted stay as they
 * are in any case, and then the content stays eight-bit, which `commandsFor` refuses.
 */
export async function fit(
  session: Pick<Session, 'extensions'>,
  envelope: Envelope,
  content: OutgoingContent,
): Promise<Fitted> {
  const { extensions } = session
  const plain = (eightBit: boolean, headerUtf8: boolean): Fitted => ({
    content,
    shape: { size: content.size, eightBit, headerUtf8 },
  })
  const headerUtf8 = envelope.smtputf8 && !extensions.has('SMTPUTF8') && (await hasWideHeader(content))
  if (extensions.has('8BITMIME')) return plain(false, headerUtf8)
  if (await isSevenBit(content)) return plain(false, headerUtf8)
  if (extensions.has('SMTPUTF8')) return plain(true, envelope.smtputf8)
  const converted = await asSevenBit(content)
  return converted
    ? { content: converted, shape: { size: converted.size, eightBit: false, headerUtf8 } }
    : plain(true, headerUtf8)
}

async function isSevenBit(content: OutgoingContent): Promise<boolean> {
  for await (const chunk of content.stream()) if (!isAscii(chunk)) return false
  return true
}

/** Header fields beyond ASCII, of the message or of a part (RFC 6532). */
async function hasWideHeader(content: OutgoingContent): Promise<boolean> {
  const { parts } = await indexStream(asBuffers(content.stream()))
  return parts.some(({ fields }) => fields.some(({ raw }) => !isAscii(raw)))
}

const SIGNED = new Set(['dkim-signature', 'arc-message-signature'])

async function asSevenBit(content: OutgoingContent): Promise<OutgoingContent | null> {
  const { root } = await indexStream(asBuffers(content.stream()))
  if (root.fields.some(({ name }) => SIGNED.has(name))) return null
  const whole = { header: root.fields, body: () => after(content.stream(), root.bodyStart) }
  const safe = await sevenBitSafe(whole)
  let size = 0
  for await (const chunk of writeEntity(safe)) {
    if (!isAscii(chunk)) return null
    size += chunk.length
  }
  return { size, stream: () => writeEntity(safe) }
}

/** The bytes from an offset on. */
async function* after(chunks: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let skipped = 0
  for await (const chunk of chunks) {
    if (skipped >= offset) yield chunk
    else if (skipped + chunk.length > offset) yield chunk.subarray(offset - skipped)
    skipped += chunk.length
  }
}

async function* asBuffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
