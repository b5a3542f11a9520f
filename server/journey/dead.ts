import type { Job } from '../../shared/domain/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { TenantWrites } from '../ports/store.ts'
import type { DeliverPayload } from './deliver/deliver.ts'

/**
 * A job nobody will try again must not leave its recipients on the way: they are held, so that a person sees them. Effects
 * (SMS, webhook, archive, API) change no recipient; the audit names them.
 */
export function holdDead(clock: Clock): (tx: TenantWrites, job: Job, code: string) => Promise<void> {
  return async (tx, job, code) => {
    if (job.message === null || (job.queue !== 'process' && job.queue !== 'deliver')) return
    const delivery = job.queue === 'deliver' ? (job.payload as Partial<DeliverPayload> | null) : null
    const copy = job.queue === 'deliver' ? delivery?.copyId : null
    const at = clock.now()
    for (const { address, state, copy: own } of await tx.recipients(job.message)) {
      const waits = state === 'pending' || state === 'deferred'
      // Of a message that is evaluated again, those with a copy are no longer this job's; nor are a blind copy's others.
      if (!waits || own !== copy || (delivery && !delivery.recipients?.includes(address))) continue
      const detail = `the job "${job.queue}" was given up: ${code}`
      await tx.updateRecipient(job.message, address, { state: 'held', detail, at })
      await tx.appendAudit({
        time: at,
        type: 'recipient.held',
        message: job.message,
        actor: 'gateway',
        detail: { recipient: address, why: detail },
      })
    }
  }
}
