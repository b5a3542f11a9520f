import type { MessageRecord, RecipientDecision } from '../../shared/domain/index.ts'
import type { Fault } from '../../shared/fault/index.ts'
import { rejectionReport } from './deliver/rejection.ts'
import { notifyMails, type OwnMail, outcomeNotices, passwordMails } from './notices.ts'
import type { TenantProfile } from './tenant.ts'
import { plainCopies } from './transform/blind-copy.ts'
import type { MailInHand, RenderedCopy, Tools } from './transform/mail.ts'
import type { RoleHolders } from './transform/role-holders.ts'
import type { Told } from './undelivered.ts'

type OwnParts = Pick<Tools, 'clock' | 'newId'>

/** Mails beside the copies. Blind copies and mail to roles wait until something is delivered. */
export function ownMails(
  { clock, newId }: OwnParts,
  mail: MailInHand,
  record: MessageRecord,
  told: readonly Told[],
  copies: readonly RenderedCopy[],
  roles: RoleHolders,
): OwnMail[] {
  const { tenant, decision } = mail
  const now = clock.now()
  const mails: OwnMail[] = []
  const rejected = told.filter(({ outcome }) => outcome === 'reject')
  if (rejected.length)
    mails.push(rejectionReport(tenant, record, rejected, mail.parsed.index.root.fields, now, newId()))
  mails.push(...outcomeNotices(tenant, record, told, now, newId, mail.parsed.message.autoSubmitted))
  mails.push(...copies.flatMap((copy) => passwordMails(tenant, copy, now, newId)))
  mails.push(...plainCopies(mail, roles).filter(({ why }) => why === 'archive' || copies.length > 0))
  mails.push(...notifyMails(tenant, record, decision, now, newId))
  return mails.filter(({ to }) => to.length > 0)
}

/** No policy judged it, so there is nobody to approve; but its sender was told 250 and has to hear of it. */
export function unreadable(
  parts: OwnParts,
  tenant: TenantProfile,
  record: MessageRecord,
  open: ReadonlySet<string>,
  fault: Fault,
): OwnMail[] {
  const told = [...open].map((address): RecipientDecision => {
    const { title } = fault.definition
    const nothing = { method: null, steps: [], reasons: [], missing: [], simulated: [] }
    return { address, outcome: 'quarantine', text: title[tenant.language], ...nothing }
  })
  return outcomeNotices(tenant, record, told, parts.clock.now(), parts.newId)
}
