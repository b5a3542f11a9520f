import type { MessageRecord, RecipientDecision } from '../../../shared/domain/index.ts'
import { Fault, smtpReply } from '../../../shared/fault/index.ts'
import type { Entity, HeaderField } from '../../mime/entity.ts'
import { postmasterOf, type TenantProfile } from '../tenant.ts'
import { dsnEntity } from './dsn.ts'
import type { DsnRecipient } from './dsn-recipient.ts'
import { isPrivate } from './original.ts'
import { isWanted, languagesOf } from './report.ts'

/** A report as a mail of the gateway's own, to be stored as a copy and delivered under the null sender. */
export interface RejectionReport {
  readonly why: 'report'
  readonly mailFrom: ''
  /** Empty when the sender wants to hear of none of them (NOTIFY=NEVER). */
  readonly to: readonly string[]
  readonly route: ''
  readonly message: Entity
}

/**
 * The failure report for recipients that the policy refused after 250 was said (CONTRACT, "What 250 means"). Only for senders
 * who proved who they are; for strangers the caller quarantines instead. Pure.
 */
export function rejectionReport(
  tenant: Pick<TenantProfile, 'domains' | 'language'>,
  record: MessageRecord,
  rejected: readonly Pick<RecipientDecision, 'address' | 'text' | 'reasons'>[],
  fields: readonly HeaderField[],
  now: number,
  id: string,
): RejectionReport {
  const { envelope } = record
  const known = new Map(envelope.recipients.map((recipient) => [recipient.address, recipient]))
  const recipients = rejected.flatMap(({ address, text, reasons }): DsnRecipient[] => {
    const recipient = known.get(address) ?? { address }
    if (!isWanted('failed', recipient)) return []
    const fault = new Fault('policy-rejected', text ?? reasons.map((reason) => reason.text.en).join('; '))
    const { code, text: reply } = smtpReply(fault)
    const why = (language: 'de' | 'en') =>
      [...new Set([...(text === undefined ? [] : [text]), ...reasons.map((reason) => reason.text[language])])].join(
        '; ',
      )
    const { title } = fault.definition
    const words = { de: `${title.de}: ${why('de')}`, en: `${title.en}: ${why('en')}` }
    const { orcpt } = recipient
    const told = { action: 'failed', reply: `${code} ${reply}`, words, lastAttempt: now } as const
    return [{ address, ...(orcpt ? { orcpt } : {}), ...told }]
  })
  const domain = tenant.domains[0] ?? 'localhost'
  const header = fields
    .map(({ raw }) => raw.toString('utf8'))
    .filter((field) => !isPrivate(field))
    .map((field) => `${field}\r\n`)
    .join('')
  const report = dsnEntity({
    id,
    at: now,
    reportingMta: domain,
    from: postmasterOf(tenant),
    to: envelope.mailFrom,
    originalMessageId: record.rfcMessageId,
    ...(envelope.envid ? { envid: envelope.envid } : {}),
    arrivedAt: record.acceptedAt,
    smtputf8: envelope.smtputf8,
    languages: languagesOf(tenant),
    recipients,
    original: { header, body: null },
  })
  return {
    why: 'report',
    mailFrom: '',
    to: recipients.length > 0 && envelope.mailFrom ? [envelope.mailFrom] : [],
    route: '',
    message: {
      header: report.header.map((raw) => ({
        name: raw.slice(0, raw.indexOf(':')).toLowerCase(),
        raw: Buffer.from(raw),
      })),
      body: async function* () {
        yield report.body
      },
      size: report.body.length,
    },
  }
}
