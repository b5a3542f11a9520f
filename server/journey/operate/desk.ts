import type { QueueAction } from '../../../shared/contract/index.ts'
import type { JobRecord, JobState, MessageId, RecipientRecord, TenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { JobCount, JobQuery, Store, TenantWrites } from '../../ports/store.ts'
import { isGivenUp } from '../dead.ts'
import type { DeliverPayload } from '../deliver/payload.ts'
import type { ReportDeps } from '../deliver/report.ts'
import { createFarewell } from './farewell.ts'
import type { Acted } from './operator.ts'
import { mayRelease, releasable } from './release.ts'

export interface QueueDesk {
  list(tenant: TenantId, query: JobQuery): Promise<JobRecord[]>
  counts(tenant: TenantId): Promise<JobCount[]>
  /** Raises `not-found`. */
  show(tenant: TenantId, id: string): Promise<JobRecord>
  /** Raises `not-found`, `job-running` for a leased job, `job-state` where it makes no sense. */
  act(tenant: TenantId, id: string, action: QueueAction, acted: Acted): Promise<JobRecord>
  waiting(tenant: TenantId, query: { limit: number; after?: MessageId }): Promise<Waiting[]>
  /**
   * Recipients that wait for a person are decided again, the rules that held them satisfied. Answers them. Raises
   * `not-found`, `job-state` when none of those named waits, `forbidden` for whom the policy does not name.
   */
  release(tenant: TenantId, message: MessageId, named: readonly string[] | null, acted: Acted): Promise<string[]>
  /** Ends them in the state `dropped`. Answers and raises like `release`. */
  drop(tenant: TenantId, message: MessageId, named: readonly string[] | null, acted: Acted): Promise<string[]>
}

export interface Waiting extends RecipientRecord {
  readonly sender: string
  readonly subject: string
  readonly approvers: readonly string[]
}

/** From which states an action is possible; a leased job is its worker's. */
const ALLOWED: Readonly<Record<QueueAction, readonly JobState[]>> = {
  hold: ['ready'],
  release: ['held'],
  retry: ['ready', 'held', 'dead'],
  drop: ['ready', 'held', 'dead'],
}
const PAST = { hold: 'held', release: 'released', retry: 'retried', drop: 'dropped' } as const
const WAITS: readonly RecipientRecord['state'][] = ['held', 'quarantined']

/** The queue in the hands of its operator: each change is one transaction with its audit line. */
export function createDesk(
  deps: ReportDeps & { readonly store: Store; readonly clock: Clock; readonly uuid: () => string },
): QueueDesk {
  const { store, clock } = deps
  const farewell = createFarewell(deps)

  const desk: QueueDesk = {
    list: (tenant, query) => store.tenant(tenant).read.jobs(query),
    counts: (tenant) => store.tenant(tenant).read.jobCounts(),

    async show(tenant, id) {
      const job = await store.tenant(tenant).read.job(id)
      if (!job) throw new Fault('not-found', { en: `job ${id}`, de: `Auftrag ${id}` })
      return job
    },

    async act(tenant, id, action, { by, reason, report }) {
      const job = await desk.show(tenant, id)
      refuse(job, action)
      const { read, write } = store.tenant(tenant)
      const now = clock.now()
      const record = job.message === null ? null : await read.message(job.message)
      const ended = record && action === 'drop' ? waitingFor(job, await read.recipients(record.id)) : []
      const words = report && record ? await farewell.prepare(tenant, record, addresses(ended), reason, now) : null
      try {
        return await write(async (tx) => {
          const moved = await move(tx, job, action, reason, now)
          // Somebody was faster: a worker, or another operator.
          if (!moved) refuse((await tx.job(id)) ?? job, action, true)
          await tx.appendAudit({
            time: now,
            type: `job.${PAST[action]}`,
            message: job.message,
            actor: by.subject,
            detail: {
              job: id,
              queue: job.queue,
              lane: job.lane,
              step: job.step,
              was: job.state,
              reason,
              roles: by.roles,
            },
          })
          if (record && action === 'drop')
            await farewell.record(tx, record, addresses(ended), words, { by, reason, report }, now)
          if (record && action === 'retry') await unhold(tx, job, record.id, now)
          return moved ?? job
        })
      } catch (error) {
        await words?.discard(error, read).catch(() => {})
        throw error
      }
    },

    async waiting(tenant, query) {
      const { read } = store.tenant(tenant)
      const rows = await read.waiting(query)
      const messages = new Map<MessageId, Awaited<ReturnType<typeof read.message>>>()
      for (const { message } of rows) if (!messages.has(message)) messages.set(message, await read.message(message))
      return rows.map((row) => {
        const record = messages.get(row.message)
        const decided = record?.decision?.recipients.find(({ address }) => address === row.address)
        return {
          ...row,
          sender: record?.envelope.mailFrom ?? '',
          subject: record?.subject ?? '',
          approvers: decided?.approvers ?? [],
        }
      })
    },

    async release(tenant, message, named, { by, reason }) {
      const { read, write } = store.tenant(tenant)
      const { record, rows } = await found(tenant, message, named)
      await mayRelease(read, by, record, rows)
      const now = clock.now()
      const releases = releasable(record, rows)
      return await write(async (tx) => {
        const waiting = await stillWaiting(tx, message, rows)
        for (const { address, copy, state } of waiting) {
          const rules = releases.find((one) => one.address === address)?.rules ?? []
          // Whoever has a copy only waits for its next hop.
          const next = copy === null ? 'pending' : 'deferred'
          await tx.updateRecipient(message, address, { state: next, detail: `released by ${by.subject}`, at: now })
          await tx.appendAudit({
            time: now,
            type: 'recipient.released',
            message,
            actor: by.subject,
            detail: { recipient: address, was: state, rules, reason, roles: by.roles },
          })
        }
        const step = `release-${deps.uuid()}`
        const undecided = waiting.some(({ copy }) => copy === null)
        if (undecided)
          await tx.enqueue([{ queue: 'process', message, lane: '', step, payload: { releases }, runAt: now }])
        await retryDead(tx, message, waiting, now)
        return addresses(waiting)
      })
    },

    async drop(tenant, message, named, acted) {
      const { read, write } = store.tenant(tenant)
      const { record, rows } = await found(tenant, message, named)
      await mayRelease(read, acted.by, record, rows)
      const now = clock.now()
      const words = acted.report ? await farewell.prepare(tenant, record, addresses(rows), acted.reason, now) : null
      try {
        await write(async (tx) => {
          // The report names all of them: where somebody was faster with one, the operator looks again.
          if ((await stillWaiting(tx, message, rows)).length < rows.length) throw gone()
          await farewell.record(tx, record, addresses(rows), words, acted, now)
        })
      } catch (error) {
        await words?.discard(error, read).catch(() => {})
        throw error
      }
      return addresses(rows)
    },
  }
  return desk

  async function found(tenant: TenantId, message: MessageId, named: readonly string[] | null) {
    const { read } = store.tenant(tenant)
    const record = await read.message(message)
    if (!record) throw new Fault('not-found', { en: `message ${message}`, de: `Nachricht ${message}` })
    const wanted = named && new Set(named.map((address) => address.toLowerCase()))
    const rows = (await read.recipients(message)).filter(
      ({ address, state }) => WAITS.includes(state) && (!wanted || wanted.has(address.toLowerCase())),
    )
    if (rows.length === 0) throw gone()
    return { record, rows }
  }
}

/** Those of the rows that nobody decided on meanwhile. Raises `job-state` where none is left. */
async function stillWaiting(tx: TenantWrites, message: MessageId, rows: readonly RecipientRecord[]) {
  const named = new Set(addresses(rows))
  const left = (await tx.recipients(message)).filter(
    ({ address, state }) => named.has(address) && WAITS.includes(state),
  )
  if (left.length === 0) throw gone()
  return left
}

const gone = () =>
  new Fault('job-state', {
    en: 'none of these recipients waits for a person',
    de: 'keiner dieser Empfänger wartet auf eine Entscheidung',
  })

function refuse(job: JobRecord, action: QueueAction, always = false): void {
  if (!always && ALLOWED[action].includes(job.state)) return
  if (job.state === 'leased') throw new Fault('job-running', { en: `job ${job.id}`, de: `Auftrag ${job.id}` })
  throw new Fault('job-state', { en: `job ${job.id} is ${job.state}`, de: `Auftrag ${job.id}: ${job.state}` })
}

function move(
  tx: TenantWrites,
  { id, payload }: JobRecord,
  action: QueueAction,
  reason: string,
  now: number,
): Promise<JobRecord | null> {
  switch (action) {
    case 'hold':
      return tx.holdJob(id, `held by an operator: ${reason}`)
    case 'release':
      return tx.releaseJob(id)
    case 'retry':
      return tx.retryJob(id, { runAt: now, payload: withoutDoubt(payload) })
    case 'drop':
      return tx.dropJob(id, `dropped by an operator: ${reason}`)
  }
}

/** A person decided that it is sent again, also where it may have arrived. */
const withoutDoubt = (payload: unknown): unknown =>
  payload !== null && typeof payload === 'object' && 'uncertain' in payload ? { ...payload, uncertain: 0 } : payload

/** Recipients whose mail a job would bring: on the way, or held because this job was given up. Whom the policy holds is not among them. */
function waitingFor(job: JobRecord, rows: readonly RecipientRecord[]): RecipientRecord[] {
  const open = rows.filter(
    ({ state, detail }) => state === 'pending' || state === 'deferred' || (state === 'held' && isGivenUp(job, detail)),
  )
  if (job.queue === 'process') return open.filter(({ copy }) => copy === null)
  if (job.queue !== 'deliver') return []
  const { copyId, recipients } = job.payload as DeliverPayload
  return open.filter(({ address, copy }) => copy === copyId && recipients.includes(address))
}

/** Recipients that were held because this job was given up are on the way again. */
async function unhold(tx: TenantWrites, job: JobRecord, message: MessageId, at: number): Promise<void> {
  for (const { address, state, copy } of waitingFor(job, await tx.recipients(message)))
    if (state === 'held')
      await tx.updateRecipient(message, address, { state: copy === null ? 'pending' : 'deferred', detail: '', at })
}

/** The dead deliver jobs of copies whose recipients were released. */
async function retryDead(tx: TenantWrites, message: MessageId, rows: readonly RecipientRecord[], now: number) {
  const copies = new Set(rows.flatMap(({ copy }) => (copy === null ? [] : [copy])))
  if (copies.size === 0) return
  for (const job of await tx.jobs({ message, queue: 'deliver', state: 'dead', limit: 1000 })) {
    const { copyId } = job.payload as DeliverPayload
    if (copies.has(copyId)) await tx.retryJob(job.id, { runAt: now, payload: withoutDoubt(job.payload) })
  }
}

const addresses = (rows: readonly RecipientRecord[]) => rows.map(({ address }) => address)
