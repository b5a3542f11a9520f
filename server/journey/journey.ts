/**
 * THE MAIL'S PATH. One message goes through the stages in this order; each is a room beside this file.
 *
 *     ingress    SMTP or REST -> spool, one transaction (message, recipients, job, audit), then 250
 *     parse      bytes -> index of byte ranges and facts; rewrites nothing
 *     inbound    what is signed or encrypted is opened for people of ours; the rest passes without a second look
 *     authenticate  what strangers' domains say of their mail: SPF, DKIM, DMARC, ARC; only where somebody asks
 *     evaluate   facts + what is known of people and keys -> the policy's input -> decision, a plan per recipient
 *     transform  plan -> bytes: one rendered copy per distinct plan
 *     seal       results, ARC, DKIM and the loop mark in front of a copy, after all steps
 *     deliver    copy -> next hop, per recipient, with retries and reports
 *
 * `process` below carries a message from `accepted` to `planned`: everything it decided stands in one transaction with
 * the jobs that carry it out, so a crash at any point repeats a stage and never half of one.
 */
import type { Job, MessageRecord, RecipientRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { Release } from '../../shared/policy/index.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { TenantWrites } from '../ports/store.ts'
import { type CarryParts, carryOut } from './carry-out.ts'
import { type CommitParts, commit } from './commit.ts'
import { isBodyAsReceived } from './copy-content.ts'
import type { TenantProfile } from './tenant.ts'
import { letGo } from './transform/let-go.ts'

export interface JourneyParts extends CarryParts, CommitParts {
  readonly tools: CarryParts['tools']
  readonly log: Log
  readonly metrics: Metrics
  /** The tenant's profile; raises `config-missing` for one that is not configured any more. */
  tenant(id: string): TenantProfile
  /** No copy of a message leaves with the bytes that came: they need not be at hand any more. */
  readonly letGo?: (tenant: TenantId, blob: string) => void
}

/** Handler of a `process` job: evaluates and renders a message for every recipient that is still on the way. */
export function createProcess(parts: JourneyParts): (job: Job, signal: AbortSignal) => Promise<'completed'> {
  return async (job) => {
    const profile = parts.tenant(job.tenant)
    const store = parts.store.tenant(profile.id)
    const record = job.message === null ? null : await store.read.message(job.message)
    if (!record) throw new Fault('blob-missing', `message ${job.message}`)
    const recipients = await store.read.recipients(record.id)
    // Whoever has a copy is the deliver jobs' business, even while the next hop lets him wait: a second one would reach him twice.
    const open = new Set(recipients.filter(isOpen).map(({ address }) => address))
    if (open.size === 0) {
      await parts.store.queue.complete(job)
      return 'completed'
    }

    const stopwatch = performance.now()
    const sent = recipients.some(({ copy }) => copy !== null)
    const result = await carryOut(parts, profile, record, {
      open,
      sent,
      attempt: job.attempt,
      releases: releasesOf(job),
    })
    await store.write(async (tx) => {
      await stillOpen(tx, record, open)
      await commit(tx, parts, profile, record, result, open, job)
      await tx.completeJob(job)
    })
    const stored = [...result.copies, ...result.own]
    // Its bytes are in a row; left to V8, mail that waited for its commit has all of the heap looked at (decision 0034).
    for (const { head } of stored) if (head) letGo(head)
    if (!stored.some(isBodyAsReceived)) parts.letGo?.(profile.id, record.blob)
    parts.metrics.observe('process_seconds', (performance.now() - stopwatch) / 1000, { tenant: profile.id })
    for (const recipient of result.decision?.recipients ?? []) {
      parts.metrics.count('decisions_total', {
        tenant: profile.id,
        outcome: recipient.outcome,
        method: recipient.method ?? 'plain',
      })
    }
    return 'completed'
  }
}

/**
 * Two jobs may look at one message (a deferral that comes back, a release), and a person may end a recipient meanwhile: whoever
 * was decided by now gets no second copy and no second word, and whoever was dropped gets none.
 */
async function stillOpen(tx: TenantWrites, record: MessageRecord, open: ReadonlySet<string>): Promise<void> {
  for (const recipient of await tx.recipients(record.id))
    if (open.has(recipient.address) && !isOpen(recipient))
      throw new Fault('store-unavailable', 'another job decided meanwhile')
}

const isOpen = ({ state, copy }: Pick<RecipientRecord, 'state' | 'copy'>): boolean =>
  copy === null && (state === 'pending' || state === 'deferred')

/** Holds that an operator lifted (`operate/desk.ts`). */
const releasesOf = ({ payload }: Pick<Job, 'payload'>): readonly Release[] =>
  (payload as { readonly releases?: readonly Release[] } | null)?.releases ?? []
