import type { GrantRecord, LinkFileRecord, RecipientDecision, Step } from '../../../shared/domain/index.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import { escapeHtml } from '../../../shared/words/html.ts'
import { filePart, multipart } from '../../mime/build.ts'
import { contentEntity } from '../../mime/content-of.ts'
import { type BodyBlock, editContent } from '../../mime/edit.ts'
import type { Entity } from '../../mime/entity.ts'
import { grantUrl, newGrant } from './filelink/grant.ts'
import { linkBlock } from './filelink/link-block.ts'
import { holdersOf } from './holders.ts'
import type { LinkFiles } from './link-files.ts'
import type { MailInHand, ReportFile, Tools } from './mail.ts'

/** The content after its rewriting steps, with what was put into it and what it now refers to. */
export interface EditedContent {
  readonly entity: Entity
  /** Attachments that are still inside, by `AttachmentFacts.index`. */
  readonly remaining: readonly number[]
  readonly blocks: readonly BodyBlock[]
  /** A file of ours stands beside the content. */
  readonly wrapped?: boolean
  readonly grants: readonly GrantRecord[]
  readonly linkFiles: readonly LinkFileRecord[]
}

/**
 * Applies disclaimer and FileLink: removes the attachments that become links, stores them, and puts the blocks into the
 * readable body. Without such a step the content is the original's bytes. A link belongs to one recipient (decision 0015).
 */
export async function editedContent(
  mail: MailInHand,
  steps: readonly Step[],
  recipient: RecipientDecision | undefined,
  language: Language,
  files: LinkFiles,
  tools: Tools,
): Promise<EditedContent> {
  const blocks: BodyBlock[] = []
  const grants: GrantRecord[] = []
  const linkFiles: LinkFileRecord[] = []
  const removed = new Set<number>()
  for (const step of steps) {
    if (step.do === 'fileLink' && step.attachments.length > 0 && recipient) {
      const held = holdersOf(mail.parsed, step.attachments)
      const records = await files.of(held)
      const expiresAt = mail.acceptedAt + step.expires * 1000
      const { grant, token } = newGrant({
        message: mail.id,
        recipient: recipient.address,
        access: step.access,
        kind: 'files',
        files: records.map((file) => file.id),
        receipt: step.receipt,
        phone: (await phoneOf(mail, recipient.address, tools)) ?? step.phone ?? null,
        expiresAt,
        now: tools.clock.now(),
      })
      const url = grantUrl(mail.tenant.publicUrl, mail.tenant.id, token)
      blocks.push({
        position: 'bottom',
        ...linkBlock({ language, files: records, url, access: step.access, expiresAt }),
      })
      grants.push(grant)
      linkFiles.push(...records)
      for (const index of held) removed.add(index)
    }
    if (step.do === 'disclaimer') {
      blocks.push({
        position: step.position,
        text: step.text,
        html: step.html ?? `<p>${escapeHtml(step.text).replaceAll('\n', '<br>')}</p>`,
      })
    }
  }
  const report = mail.report?.(language)
  if (report && 'position' in report) blocks.unshift(report)
  const { index, attachments, attachmentParts } = mail.parsed
  const remaining = (attachments ?? [])
    .filter((attachment) => attachment.within === undefined && !removed.has(attachment.index))
    .map((attachment) => attachment.index)
  const parts = new Set([...removed].flatMap((at) => attachmentParts[at] ?? []))
  const entity =
    blocks.length === 0
      ? contentEntity(mail.source, index)
      : await editContent(mail.source, index, { remove: parts, insert: blocks })
  const edited = { remaining, blocks, grants, linkFiles }
  if (!report || 'position' in report) return { ...edited, entity }
  return { ...edited, entity: multipart('mixed', [entity, reportPart(report)]), wrapped: true }
}

function reportPart({ name, text }: ReportFile): Entity {
  const bytes = Buffer.from(text)
  return filePart({
    name,
    mediaType: 'text/plain',
    disposition: 'attachment',
    size: bytes.length,
    stream: async function* () {
      yield bytes
    },
  })
}

/** The number that the directory knows. */
export async function phoneOf(mail: MailInHand, address: string, tools: Tools): Promise<string | null> {
  return (await tools.directory.person(mail.tenant.id, address))?.phone ?? null
}
