import type { GrantRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { parseMail } from '../journey/parse/parse-mail.ts'
import { openObject, type SealedStore } from '../journey/transform/filelink/store-files.ts'
import { decodedBody } from '../mime/decode.ts'
import type { MimePart } from '../mime/part.ts'
import { type ByteSource, gathered, type OpenByteSource } from '../ports/bytes.ts'
import type { PortalAttachment, PortalMessage } from './services.ts'

/**
 * Opens a message filed for the portal: decrypts the header and body now, attachments when they are asked for. Raises
 * `blob-missing` and `blob-damaged`.
 */
export async function openPortalMessage(
  store: Omit<SealedStore, 'tenant'>,
  tenant: TenantId,
  grant: GrantRecord,
): Promise<PortalMessage> {
  const { content } = grant
  if (!content) throw new Fault('not-found')
  const open = () => openObject({ ...store, tenant }, 'portal', content.blob, content)
  await using source = await open()
  const parsed = await parseMail(source)
  const readable = await parsed.readable()
  // What is inside of a file comes with it; a file in the text stands there.
  const files = (parsed.attachments ?? []).filter(
    ({ within, index }) => within === undefined && (parsed.attachmentParts[index] ?? -1) >= 0,
  )
  const attachments = files.map((facts): PortalAttachment => {
    const part = parsed.index.parts[parsed.attachmentParts[facts.index] ?? -1]
    return {
      name: facts.name,
      size: facts.size,
      mediaType: facts.declaredType,
      async open() {
        if (!part) throw new Fault('blob-damaged')
        return decodedSource(await open(), part, facts.size)
      },
    }
  })
  return {
    from: parsed.visible.from,
    to: parsed.visible.to,
    subject: parsed.message.subject,
    date: parsed.visible.date ?? grant.createdAt,
    text: readable.text,
    html: readable.html ?? null,
    attachments,
  }
}

/** The decoded content of a part. Reading from the middle decodes what stands before it: transfer encodings have no index. */
function decodedSource(source: OpenByteSource, part: MimePart, size: number): OpenByteSource {
  const stream = (start = 0, end = size) => slice(source, part, start, end)
  return {
    size,
    stream,
    read: (start, end) => gathered(stream(start, end)),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

async function* slice(source: ByteSource, part: MimePart, start: number, end: number): AsyncGenerator<Buffer> {
  let at = 0
  for await (const piece of decodedBody(source, part)) {
    const from = Math.max(0, start - at)
    const to = Math.min(piece.length, end - at)
    if (to > from) yield piece.subarray(from, to)
    at += piece.length
    if (at >= end) return
  }
}
