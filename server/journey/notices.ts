import type { Decision, MessageRecord, RecipientDecision } from '../../shared/domain/index.ts'
import { escapeHtml } from '../../shared/words/html.ts'
import { noticeWords } from '../../shared/words/notices.ts'
import type { Entity } from '../mime/entity.ts'
import { formatDate, headerField } from '../mime/header.ts'
import { messageOf, multipart, textPart } from '../mime/write.ts'
import { postmasterOf, type TenantProfile } from './tenant.ts'
import type { RenderedCopy } from './transform/mail.ts'

/** A mail that the gateway itself sends beside the copies: a blind copy, a notice, a report. */
export interface OwnMail {
  /** Why it exists, for the audit: `bcc`, `notify`, `held`, `quarantined`, `approval`, `password`, `report`, `code`. */
  readonly why: string
  readonly mailFrom: string
  readonly to: readonly string[]
  /** Named route, '' for the default. */
  readonly route: string
  readonly message: Entity
}

/** A plain mail written by the gateway, marked so that nothing answers it (RFC 3834 5). `time` is epoch ms. */
export function gatewayMail(
  tenant: TenantProfile,
  mail: {
    readonly why: string
    readonly to: readonly string[]
    readonly subject: string
    readonly text: string
    readonly html?: string
    readonly id: string
    readonly time: number
  },
): OwnMail {
  const from = postmasterOf(tenant)
  const html =
    mail.html ?? `<!DOCTYPE html>\n<html><body><p>${escapeHtml(mail.text).replaceAll('\n', '<br>\n')}</p></body></html>`
  const header = [
    headerField('From', `"${tenant.name.replace(/["\\]/g, '')}" <${from}>`),
    headerField('To', mail.to.join(', ')),
    headerField('Subject', mail.subject),
    headerField('Date', formatDate(mail.time)),
    headerField('Message-ID', `<${mail.id}@${tenant.domains[0]}>`),
    headerField('Auto-Submitted', 'auto-generated'),
    headerField('MIME-Version', '1.0'),
  ]
  // The null sender: nobody may bounce at us for a notice.
  return {
    why: mail.why,
    mailFrom: '',
    to: mail.to,
    route: '',
    message: messageOf(header, multipart('alternative', [textPart('plain', mail.text), textPart('html', html)])),
  }
}

/** Whether its sender may be written to: a stranger's address proves nothing, and the null sender wants no answer. */
export const isAnswerable = ({ origin, envelope }: Pick<MessageRecord, 'origin' | 'envelope'>): boolean =>
  origin.authenticated !== 'none' && envelope.mailFrom !== ''

/**
 * Word to the sender and to approvers about recipients that get nothing now. Strangers and bounces get none, nor does the sender of
 * an `automatic` mail (RFC 3834 2); a person can still approve it.
 */
export function outcomeNotices(
  tenant: TenantProfile,
  record: MessageRecord,
  told: readonly RecipientDecision[],
  now: number,
  newId: () => string,
  automatic = false,
): OwnMail[] {
  const words = noticeWords[tenant.language]
  const mails: OwnMail[] = []
  for (const outcome of ['hold', 'quarantine'] as const) {
    const group = told.filter((recipient) => recipient.outcome === outcome)
    if (group.length === 0) continue
    const recipients = group.map(({ address }) => address).join('\n')
    const why = whyOf(group, tenant)
    if (isAnswerable(record) && !automatic) {
      const subject = outcome === 'hold' ? words.heldSubject(record.subject) : words.quarantinedSubject(record.subject)
      const text = outcome === 'hold' ? words.held(recipients, why) : words.quarantined(recipients, why)
      mails.push(
        gatewayMail(tenant, {
          why: outcome === 'hold' ? 'held' : 'quarantined',
          to: [record.envelope.mailFrom],
          subject,
          text,
          id: newId(),
          time: now,
        }),
      )
    }
    const approvers = [...new Set(group.flatMap((recipient) => recipient.approvers ?? []))].filter((address) =>
      address.includes('@'),
    )
    if (approvers.length) {
      const text = words.approve(record.envelope.mailFrom, recipients, why, record.id)
      mails.push(
        gatewayMail(tenant, {
          why: 'approval',
          to: approvers,
          subject: words.approveSubject(record.subject),
          text,
          id: newId(),
          time: now,
        }),
      )
    }
  }
  return mails
}

function whyOf(group: readonly RecipientDecision[], tenant: TenantProfile): string {
  const texts = group.flatMap((recipient) => [
    ...(recipient.text ? [recipient.text] : []),
    ...recipient.reasons.map(({ text }) => text[tenant.language]),
    ...recipient.missing.map(({ text }) => text[tenant.language]),
  ])
  return [...new Set(texts)].join('; ')
}

/** The mails of `notify` steps. */
export function notifyMails(
  tenant: TenantProfile,
  record: MessageRecord,
  decision: Decision,
  now: number,
  newId: () => string,
): OwnMail[] {
  const words = noticeWords[tenant.language]
  return decision.once.flatMap((step) => {
    if (step.do !== 'notify') return []
    const recipients = decision.recipients.map(({ address }) => address).join(', ')
    const text = words.notify(record.envelope.mailFrom, recipients, record.subject, step.rules.join(', '), record.id)
    return [
      gatewayMail(tenant, {
        why: 'notify',
        to: step.to,
        subject: words.notifySubject(step.template, record.subject),
        text,
        id: newId(),
        time: now,
      }),
    ]
  })
}

/** A PDF password that its sender passes on. */
export function passwordMails(tenant: TenantProfile, copy: RenderedCopy, now: number, newId: () => string): OwnMail[] {
  return copy.secrets.flatMap((secret) => {
    if (secret.by !== 'sender') return []
    const { subject, text, html } = secret
    return [gatewayMail(tenant, { why: 'password', to: [secret.sender], subject, text, html, id: newId(), time: now })]
  })
}
