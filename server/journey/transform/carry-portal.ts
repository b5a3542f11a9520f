import type { Access, GrantRecord, RecipientDecision, Step } from '../../../shared/domain/index.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import type { Entity, HeaderField } from '../../mime/entity.ts'
import { messageOf, multipart, textPart, writeEntity } from '../../mime/write.ts'
import { phoneOf } from './content.ts'
import { grantUrl, newGrant } from './filelink/grant.ts'
import { portalNotice } from './filelink/portal-notice.ts'
import { sealObject } from './filelink/store-files.ts'
import type { Draft, MailInHand, Tools } from './mail.ts'

/** Fields a reader of the portal sees; trace and routing stay outside. */
const READABLE = ['from', 'to', 'cc', 'reply-to', 'subject', 'date', 'message-id', 'in-reply-to', 'references']
/** 30 days, where the policy names no expiry. */
const DEFAULT_EXPIRY = 30 * 86_400

/**
 * Files the mail in the portal, sealed under a key of its own, and returns the notice that travels in its place.
 * The notice says who wrote and until when, never what.
 */
export async function carryPortal(
  mail: MailInHand,
  draft: Draft,
  step: Extract<Step, { do: 'protect' }>,
  recipient: RecipientDecision,
  language: Language,
  tools: Tools,
): Promise<{ content: Entity; subject: string; grant: GrantRecord }> {
  const { grant, url } = await filePage(mail, draft, step, recipient, tools)
  const notice = portalNotice({
    language,
    sender: mail.parsed.visible.from,
    url,
    access: grant.access as Access,
    reply: grant.reply,
    expiresAt: grant.expiresAt,
  })
  return {
    content: multipart('alternative', [textPart('plain', notice.text), textPart('html', notice.html)]),
    subject: notice.subject,
    grant,
  }
}

/** Seals a message under a key of its own and gives one recipient the address under which the portal shows it. */
export async function filePage(
  mail: MailInHand,
  page: Draft,
  step: Extract<Step, { do: 'protect' }>,
  recipient: RecipientDecision,
  tools: Tools,
): Promise<{ grant: GrantRecord; url: string }> {
  const now = tools.clock.now()
  const id = tools.newId()
  const header = page.header.filter((field: HeaderField) => READABLE.includes(field.name))
  const sealed = await sealObject(
    { blobs: tools.blobs, secrets: tools.secrets, tenant: mail.tenant.id },
    'portal',
    id,
    writeEntity(messageOf(header, page.content)),
  )
  const access = step.access ?? 'link-code'
  const expiresAt = mail.acceptedAt + (step.expires ?? DEFAULT_EXPIRY) * 1000
  const { grant, token } = newGrant({
    message: mail.id,
    recipient: recipient.address,
    access,
    kind: 'message',
    content: { blob: id, wrappedKey: sealed.wrappedKey },
    reply: step.reply ?? false,
    receipt: recipient.steps.some((other) => other.do === 'receipt'),
    phone: (await phoneOf(mail, recipient.address, tools)) ?? step.phone ?? null,
    expiresAt,
    now,
  })
  return { grant, url: grantUrl(mail.tenant.publicUrl, mail.tenant.id, token) }
}
