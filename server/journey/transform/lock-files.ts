import type { Language } from '../../../shared/words/filelink.ts'
import { pdfNoticeWords } from '../../../shared/words/pdf.ts'
import { editContent } from '../../mime/edit.ts'
import type { Entity } from '../../mime/entity.ts'
import { filePart, multipart } from '../../mime/write.ts'
import type { EditedContent } from './content.ts'
import type { MailInHand } from './mail.ts'
import { type ContainerFile, encryptedContainer, readPage } from './pdf/container.ts'
import { lockedZip, lockedZipSize } from './pdf/locked-zip.ts'
import { filesNotice, type PasswordWay } from './pdf/pdf-notice.ts'

/** PDFs are held while they get their password: more than this together travels inside of the container. */
const MOST_HELD = 32_000_000

export interface Locking {
  readonly mail: MailInHand
  readonly content: EditedContent
  /** Attachments that are still inside, with their place. */
  readonly files: readonly (ContainerFile & { readonly at: number })[]
  readonly password: string
  readonly way: PasswordWay
  readonly language: Language
}

/** The mail as it was, its attachments in one archive under the password. Null when it has none: nothing would be locked. */
export async function lockedInZip(locking: Locking): Promise<Entity | null> {
  const { mail, files, password, language } = locking
  if (files.length === 0) return null
  const archive = { files, password, time: mail.acceptedAt }
  const name = pdfNoticeWords[language].zipFileName
  const part = filePart({
    name,
    mediaType: 'application/zip',
    disposition: 'attachment',
    size: lockedZipSize(archive),
    stream: () => lockedZip(archive),
  })
  return withParts(locking, 'zip', [part], files)
}

/**
 * The mail as it was, each attached PDF under the password. Null when there is no PDF, or one that must not or cannot be
 * written anew (signed, encrypted already, damaged, large): the whole mail is locked then.
 */
export async function lockedPdfs(locking: Locking): Promise<Entity | null> {
  const { files, password, mail } = locking
  const pdfs = files.filter(({ name, mediaType }) => /^application\/(x-)?pdf$/i.test(mediaType) || /\.pdf$/i.test(name))
  if (pdfs.length === 0 || pdfs.reduce((sum, { size }) => sum + size, 0) > MOST_HELD) return null
  const parts: Entity[] = []
  for (const file of pdfs) {
    const bytes = await whole(file)
    if (!(await canBeWritten(bytes))) return null
    const { size, stream } = await encryptedContainer({
      page: bytes,
      files: [],
      userPassword: password,
      ownerPassword: null,
      time: mail.acceptedAt,
    })
    parts.push(
      filePart({
        name: file.name,
        mediaType: 'application/pdf',
        disposition: 'attachment',
        size,
        stream,
      }),
    )
  }
  return withParts(locking, 'pdfs', parts, pdfs)
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

async function canBeWritten(bytes: Buffer): Promise<boolean> {
  if (bytes.includes('/ByteRange')) return false
  try {
    await readPage(bytes)
    return true
  } catch {
    return false
  }
}

async function whole(file: ContainerFile): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of file.stream()) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
