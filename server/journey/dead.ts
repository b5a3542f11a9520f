import type { Job, JobSpec, MessageRecord, TenantId } from '../../shared/domain/index.ts'
import { catalogue, type FaultCode, toFault } from '../../shared/fault/index.ts'
import { lookupAddress } from '../../shared/words/address.ts'
import { noticeWords } from '../../shared/words/notices.ts'
import { forgetStandingPassword } from '../keys/standing-password.ts'
import type { Clock } from '../ports/clock.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { TenantWrites } from '../ports/store.ts'
import type { DeliverPayload } from './deliver/payload.ts'
import { type MailPayload, PASSWORD_STEP, type SmsPayload } from './effects.ts'
import { isAnswerable } from './notices.ts'
import { sealPayload } from './sealed-payload.ts'
import type { TenantProfile } from './tenant.ts'

export interface DeadParts {
  readonly clock: Clock
  readonly secrets: TenantSecrets
  /** The tenant's profile; raises `config-missing` for one that is not configured any more. */
  tenant(id: string): TenantProfile
}

/**
 * A job nobody will try again must not leave its recipients on the way: they are held, so that a person sees them, and the
 * sender hears of it in one mail; so he does of a password that did not go out. Other effects (webhook, archive, API) change
 * nothing for a recipient; the audit names them.
 */
export function holdDead(parts: DeadParts): (tx: TenantWrites, job: Job, code: string) => Promise<void> {
  return async (tx, job, code) => {
    if (job.queue === 'process' || job.queue === 'deliver') {
      const held = await hold(tx, job, code, parts.clock.now())
      if (held.length) await tell(tx, parts, job, code, 'held', held)
    } else if (job.queue === 'sms' && job.step.startsWith(PASSWORD_STEP)) {
      const { recipient, keptSince } = job.payload as SmsPayload
      // Nobody has it: later mails would wait for a password that never came.
      if (keptSince !== undefined) await forgetStandingPassword(tx, lookupAddress(recipient), keptSince)
      await tell(tx, parts, job, code, 'passwordUnsent', [recipient])
    }
  }
}

/** Tells the sender of a message whose stored content is gone who will not get it. */
export function tellLost(parts: DeadParts, tenant: TenantId) {
  return (tx: TenantWrites, { id }: MessageRecord, recipients: readonly string[]): Promise<void> =>
    tell(tx, parts, { tenant, message: id, id: 'lost' }, 'blob-missing', 'lost', recipients)
}

const givenUp = ({ queue }: Pick<Job, 'queue'>): string => `the job "${queue}" was given up`

/** Whether a recipient with this detail was held because such a job was given up. */
export const isGivenUp = (job: Pick<Job, 'queue'>, detail: string): boolean => detail.startsWith(givenUp(job))

/** Answers whom it held. */
async function hold(tx: TenantWrites, job: Job, code: string, at: number): Promise<string[]> {
  if (job.message === null) return []
  const delivery = job.queue === 'deliver' ? (job.payload as Partial<DeliverPayload> | null) : null
  const copy = job.queue === 'deliver' ? delivery?.copyId : null
  const held: string[] = []
  for (const { address, state, copy: own } of await tx.recipients(job.message)) {
    const waits = state === 'pending' || state === 'deferred'
    // Of a message that is evaluated again, those with a copy are no longer this job's; nor are a blind copy's others.
    if (!waits || own !== copy || (delivery && !delivery.recipients?.includes(address))) continue
    const detail = `${givenUp(job)}: ${code}`
    await tx.updateRecipient(job.message, address, { state: 'held', detail, at })
    await tx.appendAudit({
      time: at,
      type: 'recipient.held',
      message: job.message,
      actor: 'gateway',
      detail: { recipient: address, why: detail },
    })
    held.push(address)
  }
  return held
}

/** One mail to a sender who proved who he is, from a job of its own: here is no place for blobs. */
async function tell(
  tx: TenantWrites,
  parts: DeadParts,
  job: Pick<Job, 'tenant' | 'message' | 'id'>,
  code: string,
  what: 'held' | 'passwordUnsent' | 'lost',
  recipients: readonly string[],
): Promise<void> {
  const tenant = profileOf(parts, job.tenant)
  const record = job.message === null ? null : await tx.message(job.message)
  if (!tenant || !record || !isAnswerable(record)) return
  const words = noticeWords[tenant.language]
  const sealed = sealPayload(parts.secrets, tenant.id, {
    to: record.envelope.mailFrom,
    subject: words[`${what}Subject`](record.subject),
    text: words[what](recipients.join('\n'), titleOf(code)[tenant.language]),
  })
  const mail: JobSpec = {
    queue: 'mail',
    message: record.id,
    lane: '',
    step: `dead:${job.id}`,
    payload: { sealed } satisfies MailPayload,
    runAt: parts.clock.now(),
  }
  await tx.enqueue([mail])
}

/** Nobody writes for a tenant that is gone; its jobs end all the same. */
function profileOf(parts: DeadParts, id: string): TenantProfile | null {
  try {
    return parts.tenant(id)
  } catch (error) {
    if (toFault(error).code === 'config-missing') return null
    throw error
  }
}

/** A worker that died with the job leaves `crashed`, which is no fault of the catalogue. */
const titleOf = (code: string) => (code in catalogue ? catalogue[code as FaultCode] : catalogue.internal).title
