import type { Language } from '../../../shared/words/filelink.ts'
import { pdfNoticeWords } from '../../../shared/words/pdf.ts'
import { editContent } from '../../mime/edit.ts'
import type { Entity } from '../../mime/entity.ts'
import { filePart, multipart } from '../../mime/write.ts'
import { bytesOf } from '../../ports/bytes.ts'
import type { DocumentRenderer } from '../../ports/document.ts'
import type { EditedContent } from './content.ts'
import { outermost } from './holders.ts'
import type { MailInHand } from './mail.ts'
import type { ContainerFile } from './pdf/container.ts'
import { lockedZip } from './pdf/locked-zip.ts'
import { filesNotice, type PasswordWay } from './pdf/pdf-notice.ts'

/** PDFs are held while they get their password: more than this together travels inside of the container. */
const MOST_HELD = 32_000_000

export interface Locking {
  readonly mail: MailInHand
  readonly content: EditedContent
  /** Attachments that are still inside, with their place. */
  readonly files: readonly (ContainerFile & { readonly at: number })[]
  readonly password: string
  readonly documents: DocumentRenderer
  readonly way: PasswordWay
  readonly language: Language
}

/**
 * The mail as it was, its attachments in one archive under the password. Null when it has none, or one that stands in its
 * text and would stay readable there: the whole mail is locked then.
 */
export async function lockedInZip(locking: Locking): Promise<Entity | null> {
  const { mail, content, files, password, language } = locking
  if (files.length === 0 || files.length < content.remaining.length) return null
  const { size, stream } = lockedZip({ files, password, time: mail.acceptedAt })
  const name = pdfNoticeWords[language].zipFileName
  const part = filePart({ name, mediaType: 'application/zip', disposition: 'attachment', size, stream })
  return withParts(locking, 'zip', [part], files)
}

/**
 * The mail as it was, each attached PDF under the password. Null when there is no PDF, one inside of another file or of the
 * text, or one that must not or cannot be written anew (signed, encrypted already, damaged, large): the whole mail is
 * locked then.
 */
export async function lockedPdfs(locking: Locking): Promise<Entity | null> {
  const { files, password, documents } = locking
  const places = placesOfPdfs(locking)
  const pdfs = files.filter(({ at }) => places.has(at))
  if (pdfs.length === 0 || pdfs.length < places.size) return null
  if (pdfs.reduce((sum, { size }) => sum + size, 0) > MOST_HELD) return null
  const parts: Entity[] = []
  for (const file of pdfs) {
    const bytes = await whole(file)
    const pdf = bytes.includes(SIGNED) ? null : await documents.lock(bytes, password)
    if (pdf === null) return null
    parts.push(pdfPart(file.name, pdf))
  }
  return withParts(locking, 'pdfs', parts, pdfs)
}

/** A signature over the bytes as they are (ISO 32000-2 12.8.1). */
const SIGNED = '/ByteRange'

/** Where the PDFs are that still leave with the mail: by content, or where that says nothing by name or declaration. */
function placesOfPdfs({ mail, content }: Locking): Set<number> {
  const { attachments = [] } = mail.parsed
  const remaining = new Set(content.remaining)
  const pdfs = attachments.filter(
    ({ type, declaredType, name }) =>
      type === 'pdf' || /^application\/(x-)?pdf$/i.test(declaredType) || /\.pdf$/i.test(name),
  )
  return new Set(pdfs.filter((file) => remaining.has(outermost(file, attachments))).map(({ index }) => index))
}

function pdfPart(name: string, bytes: Buffer): Entity {
  const { size, stream } = bytesOf(bytes)
  return filePart({ name, mediaType: 'application/pdf', disposition: 'attachment', size, stream })
}

function withParts(
  { mail, content, way, language }: Locking,
  what: 'zip' | 'pdfs',
  parts: readonly Entity[],
  locked: readonly { readonly at: number }[],
): Entity {
  const { index, attachments = [], attachmentParts } = mail.parsed
  const kept = new Set(content.remaining.filter((at) => !locked.some((file) => file.at === at)))
  const gone = attachments.filter(({ index: at, within }) => within === undefined && !kept.has(at))
  const remove = new Set(gone.flatMap(({ index: at }) => attachmentParts[at] ?? []))
  const notice = filesNotice({ language, way, what })
  const rest = editContent(mail.source, index, { remove, insert: [...content.blocks, notice] })
  return multipart('mixed', [rest, ...parts])
}

async function whole(file: ContainerFile): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of file.stream()) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
