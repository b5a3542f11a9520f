import {
  type CopyRecord,
  FINAL_STATES,
  type Job,
  type ReceivedMessage,
  type RecipientRecord,
  type TenantId,
  tenantId,
} from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Store, TenantStore, TenantWrites } from '../../ports/store.ts'
import type { MailTransport } from '../../ports/transport.ts'
import { legsOf } from '../route-of.ts'
import type { TenantProfile } from '../tenant.ts'
import { untilWritten } from '../written.ts'
import { nextAttempt, nextLook, type RetrySchedule, SMTP_SCHEDULE } from './backoff.ts'
import { splitJobs } from './leg.ts'
import { type DeliverPayload, readPayload } from './payload.ts'
import { auditUncertain, enclose, record, unreported } from './record.ts'
import { createReporter, type PreparedReport } from './report.ts'
import { type Transmission, transmit, untried } from './transmit.ts'
import { judge, ofCopy, reportable, type Verdict } from './verdict.ts'

export interface DeliveryDeps {
  readonly store: Store
  readonly blobs: BlobStore
  readonly transport: MailTransport
  /** Routes by name ('' is the default), own domains and language. */
  readonly tenant: (
    id: TenantId,
  ) => Pick<TenantProfile, 'domains' | 'language' | 'routes' | 'routeByDomain' | 'loopRoutes'>
  /** Hears of messages of which a copy needs no further attempt. */
  readonly settled?: (tenant: TenantId, message: ReceivedMessage) => void
  /** For the copies that reports are. */
  readonly newId: () => string
  /** Our host name, in reports. */
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly schedule?: RetrySchedule
  /** The sender is told of a delay after so many ms. */
  readonly warnAfter?: number
  /** [0, 1), for the jitter. */
  readonly random?: () => number
}

/** So often a mail goes out again to somebody who may have it already. A third copy is a person's decision. */
const UNCERTAIN_MAX = 1

/**
 * Handler of `deliver` jobs: one attempt for one copy. Whoever was accepted, refused for good or given up is settled in one
 * transaction with the audit, the report to the sender and the job for those who are left, so a recipient who was accepted is
 * never in a later job. What stays is the moment between the final dot and that commit: the job is marked before the dot,
 * so that a mail whose end nobody knows is sent once more, audited as uncertain, and then held (RFC 5321 4.5.4.1, 6.1).
 * Answers `unreachable` when the next hop is not there.
 *
 * Raises `blob-missing`, `blob-damaged`, `route-unknown` or `delivery-uncertain` (dead job, for the operator) and
 * `store-unavailable`.
 */
export function createDelivery(
  deps: DeliveryDeps,
): (job: Job, signal: AbortSignal, way?: { readonly connect: boolean }) => Promise<'completed' | 'unreachable'> {
  const schedule = deps.schedule ?? SMTP_SCHEDULE
  const warnAfter = deps.warnAfter ?? 4 * 3_600_000
  const random = deps.random ?? Math.random
  const reporter = createReporter(deps)

  return async function deliver(job, signal, way = { connect: true }) {
    const tenant = tenantId(job.tenant)
    const store = deps.store.tenant(tenant)
    const payload = readPayload(job.payload)
    const sending = await store.read.copyToSend(payload.copyId)
    if (!sending) throw new Fault('blob-missing', `no copy ${payload.copyId}`)
    const { copy, message } = sending
    const rows = await store.read.recipients(message.id)
    const settled = new Set(
      ofCopy(rows, copy)
        .filter(({ state }) => FINAL_STATES.includes(state))
        .map(({ address }) => address),
    )
    // Reports and extra copies have no rows; for them the job alone says who is left.
    const open = payload.recipients.filter((address) => !settled.has(address))
    if (open.length === 0) {
      await store.write((tx) => tx.completeJob(job))
      return 'completed'
    }
    signal.throwIfAborted()
    const doubts = (payload.uncertain ?? 0) + job.dots
    if (job.dots > 0) {
      const about = { recipients: open, why: 'crash', times: doubts } as const
      await store.write((tx) => auditUncertain(tx, copy, message, about, deps.clock.now()))
    }
    if (doubts > UNCERTAIN_MAX) throw new Fault('delivery-uncertain', `${doubts} attempts ended after the final dot`)
    const profile = deps.tenant(tenant)
    const [leg, ...others] = legsOf(profile, copy.route, open)
    if (!leg || others.length > 0) {
      // The configuration changed after the jobs were made: each next hop gets its own.
      await store.write(async (tx) => {
        await tx.completeJob(job)
        await tx.enqueue(splitJobs(job, { ...payload, uncertain: doubts }, leg ? [leg, ...others] : []))
      })
      return 'completed'
    }
    const home = profile.loopRoutes?.includes(leg.route.name) === true
    const sent = way.connect
      ? await transmit(deps, leg.route, { tenant, copy, message, home }, open, () => deps.store.queue.beginDot(job))
      : untried(leg.route, open)
    await settle({ job, lane: leg.lane, payload, copy, message, rows, sent, doubts, connected: way.connect, signal })
    return sent.unreachable ? 'unreachable' : 'completed'
  }

  /** Records what an attempt came to, for everybody at once, and what follows from it. */
  async function settle(attempted: Attempted): Promise<void> {
    const { job, lane, payload, copy, message, rows, sent, doubts, connected, signal } = attempted
    const tenant = tenantId(job.tenant)
    const store = deps.store.tenant(tenant)
    const now = deps.clock.now()
    // A step of the clock makes no mail old: of the two times the one that gives up later.
    const calm = Math.min(now, deps.clock.steady?.() ?? now)
    const attempt = payload.attempt ?? 1
    const end = copy.createdAt + schedule.giveUpAfter
    const retryAt = connected
      ? nextAttempt(schedule, { attempt, firstAt: copy.createdAt, now: calm, random: random() })
      : nextLook({ now: calm, end, random: random() })
    const verdicts = judge(sent.result, retryAt !== null)
    const warn = !payload.warned && calm - copy.createdAt >= warnAfter
    const left = addressesOf(verdicts, 'deferred')
    // Nobody asked: that they still wait is no news.
    const news = connected ? verdicts : verdicts.filter(({ state }) => state !== 'deferred')
    let report: PreparedReport | null = null
    try {
      const told = reportable(verdicts, sent.result, {
        copy,
        message,
        rows,
        now,
        warn,
        retryUntil: end,
        local: sent.local,
      })
      report = await reporter.prepare(tenant, message, told, now)
      const outcome = async (tx: TenantWrites) => {
        await tx.completeJob(job)
        await record(tx, copy, message, rows, news, sent.result, now)
        if (report) await enclose(tx, report, message, now)
        await unreported(tx, copy, message, addressesOf(verdicts, 'failed'), now)
        if (sent.uncertain.length > 0) {
          const about = { recipients: sent.uncertain, why: 'no-reply', times: doubts + 1 } as const
          await auditUncertain(tx, copy, message, about, now)
        }
        if (left.length === 0 || retryAt === null) return
        const root = payload.root ?? job.step
        const turn = (payload.turn ?? attempt) + 1
        const reply = verdicts.find(({ state }) => state === 'deferred')?.reply
        const uncertain = doubts + (sent.uncertain.length > 0 ? 1 : 0)
        const next: DeliverPayload = {
          copyId: copy.id,
          recipients: left,
          attempt: connected ? attempt + 1 : attempt,
          turn,
          root,
          warned: payload.warned === true || warn,
          uncertain,
          ...(reply === undefined ? {} : { reply }),
        }
        const { queue } = job
        // One that nobody will send again is handed to a person at once.
        const runAt = uncertain > UNCERTAIN_MAX ? now : now + retryAt - calm
        await tx.enqueue([{ queue, message: message.id, lane, step: `${root}#${turn}`, payload: next, runAt }])
      }
      await untilWritten(() => store.write(outcome), signal)
    } catch (error) {
      await report?.discard(error, store.read).catch(() => {})
      await saveDeliveries(store, attempted, verdicts, now)
      throw error
    }
    if (left.length === 0) deps.settled?.(tenant, message)
    for (const { state } of news) deps.metrics.count('deliveries_total', { state })
    const states = verdicts.map((verdict) => verdict.state)
    deps.log.info('copy.attempted', { tenant, message: message.id, copy: copy.id, attempt, connected, states })
  }

  /** The job is done again, by us or by who has it now. That a recipient has his mail is true all the same: it spares him a second. */
  async function saveDeliveries(
    store: TenantStore,
    { copy, message, rows, sent }: Attempted,
    verdicts: readonly Verdict[],
    now: number,
  ): Promise<void> {
    const delivered = verdicts.filter((verdict) => verdict.state === 'delivered')
    if (delivered.length === 0) return
    await store
      .write((tx) => record(tx, copy, message, rows, delivered, sent.result, now))
      .catch((error: unknown) => {
        deps.log.error('delivery.unrecorded', { message: message.id, copy: copy.id, fault: toFault(error).code })
      })
  }
}

interface Attempted {
  readonly job: Job
  readonly lane: string
  readonly payload: DeliverPayload
  readonly copy: CopyRecord
  readonly message: ReceivedMessage
  readonly rows: readonly RecipientRecord[]
  readonly sent: Transmission
  /** Attempts before this one that may have delivered. */
  readonly doubts: number
  readonly connected: boolean
  /** Aborts when nobody may wait any longer. */
  readonly signal: AbortSignal
}

const addressesOf = (verdicts: readonly Verdict[], state: Verdict['state']): string[] =>
  verdicts.filter((verdict) => verdict.state === state).map(({ address }) => address)
