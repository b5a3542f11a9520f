import {
  type CopyRecord,
  type Envelope,
  FINAL_STATES,
  type Job,
  type MessageRecord,
  type TenantId,
  tenantId,
} from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Store, TenantStore, TenantWrites } from '../../ports/store.ts'
import type { MailTransport, TransportResult } from '../../ports/transport.ts'
import type { TenantProfile } from '../tenant.ts'
import { nextAttempt, type RetrySchedule, SMTP_SCHEDULE } from './backoff.ts'
import { createReporter, type PreparedReport } from './report.ts'
import { judge, ofCopy, reportable, type Verdict } from './verdict.ts'

/** Payload of a `deliver` job. The first one of a copy needs only the first two fields. */
export interface DeliverPayload {
  readonly copyId: string
  readonly recipients: readonly string[]
  /** 1 for the first. */
  readonly attempt?: number
  /** Step of the first job; further ones are numbered after it. */
  readonly root?: string
  /** The sender was told of the delay. */
  readonly warned?: boolean
}

export interface DeliveryDeps {
  readonly store: Store
  readonly blobs: BlobStore
  readonly transport: MailTransport
  /** Routes by name ('' is the default), own domains and language. */
  readonly tenant: (id: TenantId) => Pick<TenantProfile, 'domains' | 'language' | 'routes'>
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

/** Faults of the next hop: another try of the same recipients, never a matter for the worker. */
const NEXT_HOP = new Set(['next-hop-unreachable', 'next-hop-timeout', 'next-hop-temporary', 'tls-required'])

/**
 * Handler of `deliver` jobs: one attempt for one copy. Whoever was accepted, refused for good or given up is settled in one
 * transaction with the audit, the report to the sender and the job for those who are left, so a recipient who was accepted is
 * never in a later job. What stays is the moment between the next hop's 250 and that commit: a crash there repeats the
 * mail, as SMTP allows (RFC 5321 4.5.4.1).
 *
 * Raises `blob-missing`, `blob-damaged` or `route-unknown` (dead job, for the operator) and `store-unavailable`.
 */
export function createDelivery(deps: DeliveryDeps): (job: Job, signal: AbortSignal) => Promise<'completed'> {
  const schedule = deps.schedule ?? SMTP_SCHEDULE
  const warnAfter = deps.warnAfter ?? 4 * 3_600_000
  const random = deps.random ?? Math.random
  const reporter = createReporter(deps)

  return async function deliver(job, signal) {
    const tenant = tenantId(job.tenant)
    const store = deps.store.tenant(tenant)
    const payload = readPayload(job.payload)
    const { copy, message } = await load(store, payload.copyId)
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
    const result = await transmit(tenant, copy, message, open)

    const now = deps.clock.now()
    const attempt = payload.attempt ?? 1
    const retryAt = nextAttempt(schedule, { attempt, firstAt: copy.createdAt, now, random: random() })
    const verdicts = judge(result, retryAt !== null)
    const warn = !payload.warned && now - copy.createdAt >= warnAfter
    let report: PreparedReport | null = null
    const left = verdicts.filter((verdict) => verdict.state === 'deferred').map((verdict) => verdict.address)
    try {
      const told = reportable(verdicts, result, { copy, message, rows, now, warn })
      report = await reporter.prepare(tenant, message, told, now)
      await store.write(async (tx) => {
        await tx.completeJob(job)
        await record(tx, copy, message, verdicts, result, now)
        if (report) await enclose(tx, report, message, now)
        if (left.length > 0 && retryAt !== null) {
          const root = payload.root ?? job.step
          const next: DeliverPayload = {
            copyId: copy.id,
            recipients: left,
            attempt: attempt + 1,
            root,
            warned: payload.warned === true || warn,
          }
          const { queue, lane } = job
          await tx.enqueue([
            { queue, message: message.id, lane, step: `${root}#${attempt + 1}`, payload: next, runAt: retryAt },
          ])
        }
      })
    } catch (error) {
      await report?.discard().catch(() => {})
      await saveDeliveries(store, copy, message, verdicts, result, now)
      throw error
    }
    for (const { state } of verdicts) deps.metrics.count('deliveries_total', { state })
    deps.log.info('copy.attempted', {
      tenant,
      message: message.id,
      copy: copy.id,
      attempt,
      states: verdicts.map((v) => v.state),
    })
    return 'completed'
  }

  /** One transaction with the next hop; its faults become a temporary reply for everybody. */
  async function transmit(
    tenant: TenantId,
    copy: CopyRecord,
    message: MessageRecord,
    open: readonly string[],
  ): Promise<TransportResult> {
    const route = deps.tenant(tenant).routes[copy.route]
    if (!route) throw new Fault('route-unknown', copy.route || 'the default route')
    await using content = await deps.blobs.open(tenant, 'copy', copy.blob)
    try {
      return await deps.transport.send(route, envelopeOf(copy, message, open), content)
    } catch (error) {
      const fault = toFault(error)
      if (!NEXT_HOP.has(fault.code)) throw fault
      const reply = `${fault.definition.smtp} ${fault.definition.title.en}${fault.detail ? `: ${fault.detail}` : ''}`
      return {
        recipients: open.map((address) => ({ address, status: 'temporary', reply })),
        tls: null,
        remote: route.host,
        dsn: false,
      }
    }
  }

  /** The job is done again, by us or by who has it now. That a recipient has his mail is true all the same: it spares him a second. */
  async function saveDeliveries(
    store: TenantStore,
    copy: CopyRecord,
    message: MessageRecord,
    verdicts: readonly Verdict[],
    result: TransportResult,
    now: number,
  ): Promise<void> {
    const delivered = verdicts.filter((verdict) => verdict.state === 'delivered')
    if (delivered.length === 0) return
    await store
      .write((tx) => record(tx, copy, message, delivered, result, now))
      .catch((error: unknown) => {
        deps.log.error('delivery.unrecorded', { message: message.id, copy: copy.id, fault: toFault(error).code })
      })
  }
}

async function record(
  tx: TenantWrites,
  copy: CopyRecord,
  message: MessageRecord,
  verdicts: readonly Verdict[],
  result: TransportResult,
  at: number,
): Promise<void> {
  const rows = new Set(ofCopy(await tx.recipients(message.id), copy).map(({ address }) => address))
  for (const { address, state, reply, exhausted } of verdicts) {
    const own = rows.has(address)
    if (own) {
      const moved = await tx.updateRecipient(message.id, address, { state, detail: reply, at })
      if (!moved) continue
    }
    await tx.appendAudit({
      time: at,
      type: `${own ? 'recipient' : 'copy'}.${state}`,
      message: message.id,
      actor: 'gateway',
      detail: {
        recipient: address,
        copy: copy.id,
        reply,
        remote: result.remote,
        tls: result.tls,
        ...(exhausted ? { exhausted } : {}),
      },
    })
  }
}

async function enclose(tx: TenantWrites, report: PreparedReport, message: MessageRecord, at: number): Promise<void> {
  await tx.insertCopy(report.copy)
  await tx.enqueue([report.job])
  await tx.appendAudit({
    time: at,
    type: 'report.queued',
    message: message.id,
    actor: 'gateway',
    detail: { copy: report.copy.id, to: message.envelope.mailFrom },
  })
}

function envelopeOf(copy: CopyRecord, message: MessageRecord, open: readonly string[]): Envelope {
  const { envelope } = message
  const isReport = copy.mailFrom === '' && envelope.mailFrom !== ''
  const known = new Map(envelope.recipients.map((recipient) => [recipient.address, recipient]))
  return {
    mailFrom: copy.mailFrom,
    // Whom the author did not name (a blind copy, the holder of a role), no other server's report may name to him.
    recipients: open.map((address) => (isReport ? undefined : known.get(address)) ?? { address, notify: ['NEVER'] }),
    body: envelope.body,
    smtputf8: envelope.smtputf8,
    // RFC 8689 5: a report may leave without TLS rather than not at all; it carries at most the header back to its sender.
    requireTls: envelope.requireTls && !isReport,
    ...(!isReport && envelope.ret ? { ret: envelope.ret } : {}),
    ...(!isReport && envelope.envid ? { envid: envelope.envid } : {}),
  }
}

async function load(store: TenantStore, copyId: string): Promise<{ copy: CopyRecord; message: MessageRecord }> {
  const copy = await store.read.copy(copyId)
  const message = copy && (await store.read.message(copy.message))
  if (!message) throw new Fault('blob-missing', `no copy ${copyId}`)
  return { copy, message }
}

function readPayload(payload: unknown): DeliverPayload {
  const candidate = payload as Partial<DeliverPayload> | null
  if (typeof candidate?.copyId !== 'string' || !Array.isArray(candidate.recipients)) {
    throw new Fault('request-invalid', 'not the payload of a deliver job')
  }
  return candidate as DeliverPayload
}
