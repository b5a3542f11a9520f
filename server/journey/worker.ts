import type { Job, JobQueueName } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Alongside, ClaimWant, Lane, Store, TenantWrites } from '../ports/store.ts'
import { retryDelay } from './deliver/backoff.ts'

/**
 * Does one job. A handler that ended the job itself (`completeJob` in the transaction of its effects, as it should) says
 * `completed`; for any other the worker ends it. A thrown fault is tried again or buried as the catalogue says. The
 * signal aborts when the lease is lost or the drain is over: what has not begun must not begin then.
 */
export type JobHandler = (job: Job, signal: AbortSignal) => Promise<unknown>

export interface WorkersDeps {
  readonly store: Store
  readonly handlers: Partial<Record<JobQueueName, JobHandler>>
  /** Jobs at once, per queue. */
  readonly concurrency?: Partial<Record<JobQueueName, number>>
  /** A worker that says nothing for so many ms has lost its jobs. */
  readonly leaseMs?: number
  /** Pause between looks at the queue when nothing wakes us (work of other nodes, due retries). */
  readonly pollMs?: number
  readonly reapMs?: number
  /** A job that takes the process down so often is poison. */
  readonly maxCrashes?: number
  /** Tries of a job whose fault says that trying again can help. */
  readonly maxAttempts?: number
  readonly retryDelay?: (attempt: number) => number
  /** What a dead job means for its message, in the transaction that reports it. */
  readonly onDead?: (tx: TenantWrites, job: Job, code: string) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export interface Workers {
  start(): void
  /** Takes no new jobs, waits for running ones at most `timeoutMs`, then aborts them and gives their leases back. */
  drain(timeoutMs: number): Promise<void>
}

const CONCURRENCY: Record<JobQueueName, number> = {
  process: 12,
  deliver: 20,
  sms: 4,
  webhook: 4,
  api: 4,
  archive: 4,
  mail: 4,
}

/** The one claim loop of all queues. */
export function createWorkers(deps: WorkersDeps): Workers {
  const { store, clock, log, metrics } = deps
  const leaseMs = deps.leaseMs ?? 60_000
  const maxAttempts = deps.maxAttempts ?? 30
  const delay = deps.retryDelay ?? retryDelay
  const limits = { ...CONCURRENCY, ...deps.concurrency }
  const queues = Object.keys(deps.handlers) as JobQueueName[]
  const running = new Map<string, { readonly job: Job; readonly stop: AbortController; readonly done: Promise<void> }>()
  const busy = new Map<JobQueueName, number>()
  let draining = false
  let claiming = false
  let again = false
  const stops: (() => void)[] = []

  const free = (queue: JobQueueName) => limits[queue] - (busy.get(queue) ?? 0)

  /** Lanes that may have work; the one that waited longest stands first. */
  const waiting = new Map<string, Lane>()
  const hear = (work: readonly Lane[]) => {
    for (const lane of work) waiting.set(keyOf(lane), lane)
    void fill()
  }

  async function poll(): Promise<void> {
    try {
      hear(await store.queue.lanes(queues))
    } catch (error) {
      log.error('queue.unavailable', { fault: toFault(error).code })
    }
  }

  /** Fills every free place. One round at a time; a wake-up during a round starts another. */
  async function fill(): Promise<void> {
    if (draining) return
    if (claiming) {
      again = true
      return
    }
    claiming = true
    try {
      do {
        again = false
        const wants = wanted()
        if (wants.length === 0) break
        const jobs = await store.queue.claim(wants, leaseMs)
        const taken = new Map<string, number>()
        for (const job of jobs) {
          taken.set(keyOf(job), (taken.get(keyOf(job)) ?? 0) + 1)
          run(job)
        }
        for (const { limit, ...lane } of wants) if (taken.get(keyOf(lane)) === limit) waiting.set(keyOf(lane), lane)
        again ||= jobs.length > 0
      } while (again && !draining)
    } catch (error) {
      log.error('queue.unavailable', { fault: toFault(error).code })
    } finally {
      claiming = false
    }
  }

  /** Takes out of `waiting` what there is room for. A lane that may have more goes to the end. */
  function wanted(): ClaimWant[] {
    const wants: ClaimWant[] = []
    for (const queue of queues) {
      const lanes = [...waiting].filter(([, lane]) => lane.queue === queue)
      let room = free(queue)
      for (const [at, [key, lane]] of lanes.entries()) {
        if (room <= 0) break
        const limit = Math.ceil(room / (lanes.length - at))
        room -= limit
        wants.push({ ...lane, limit })
        waiting.delete(key)
      }
    }
    return wants
  }

  function run(job: Job): void {
    const stop = new AbortController()
    busy.set(job.queue, (busy.get(job.queue) ?? 0) + 1)
    const beat = setInterval(() => {
      store.queue.extend(job, leaseMs).catch((error: unknown) => {
        if (toFault(error).code === 'lease-lost') stop.abort(toFault(error))
      })
    }, leaseMs / 3)
    const began = performance.now()
    const done = work(job, stop.signal).finally(() => {
      clearInterval(beat)
      running.delete(job.id)
      busy.set(job.queue, (busy.get(job.queue) ?? 1) - 1)
      metrics.observe('job_seconds', (performance.now() - began) / 1_000, { queue: job.queue })
      void fill()
    })
    running.set(job.id, { job, stop, done })
  }

  async function work(job: Job, signal: AbortSignal): Promise<void> {
    try {
      const handler = deps.handlers[job.queue]
      if (!handler) throw new Fault('internal', `nobody works on ${job.queue}`)
      const outcome = await handler(job, signal)
      if (outcome !== 'completed') await store.queue.complete(job)
      metrics.count('jobs_total', { queue: job.queue, outcome: 'done' })
    } catch (error) {
      await failed(job, toFault(error), signal).catch((cause: unknown) => {
        // The lease runs out by itself; the job is not lost.
        log.error('job.unsettled', { job: job.id, queue: job.queue, fault: toFault(cause).code })
      })
    }
  }

  async function failed(job: Job, fault: Fault, signal: AbortSignal): Promise<void> {
    // Either the handler ended it without saying so, or somebody else has it: nothing left to do.
    if (fault.code === 'lease-lost') return
    const fields = {
      job: job.id,
      tenant: job.tenant,
      message: job.message,
      queue: job.queue,
      attempt: job.attempt,
      code: fault.code,
    }
    if (draining && signal.aborted) return await store.queue.retry(job, clock.now(), 'drained')
    if (fault.definition.retry && job.attempt < maxAttempts) {
      log.warn('job.retried', fields)
      metrics.count('jobs_total', { queue: job.queue, outcome: 'retried' })
      return await store.queue.retry(job, clock.now() + delay(job.attempt), fault.message)
    }
    await store.queue.bury(job, fault.message, report(fault.code))
    metrics.count('jobs_total', { queue: job.queue, outcome: 'dead' })
    log.error('job.buried', { ...fields, ...(fault.code === 'internal' ? { cause: String(fault.cause) } : {}) })
  }

  async function reap(): Promise<void> {
    try {
      for (const job of await store.queue.reap(deps.maxCrashes ?? 3, report('crashed'))) {
        metrics.count('jobs_total', { queue: job.queue, outcome: 'dead' })
        log.error('job.buried', {
          job: job.id,
          tenant: job.tenant,
          message: job.message,
          queue: job.queue,
          code: 'crashed',
        })
      }
    } catch (error) {
      log.error('queue.unavailable', { fault: toFault(error).code })
    }
  }

  /** A dead job is a mail, or an effect, that waits for a person: it dies and is reported in one. */
  function report(code: string): Alongside {
    return async (tx, job) => {
      await tx.appendAudit({
        time: clock.now(),
        type: 'job.buried',
        message: job.message,
        actor: 'gateway',
        detail: { job: job.id, queue: job.queue, lane: job.lane, step: job.step, attempt: job.attempt, fault: code },
      })
      await deps.onDead?.(tx, job, code)
    }
  }

  function every(ms: number, action: () => void): void {
    const timer = setInterval(action, ms)
    stops.push(() => clearInterval(timer))
  }

  return {
    start() {
      stops.push(store.queue.onWork((work) => hear(work.filter(({ queue }) => queues.includes(queue)))))
      every(deps.pollMs ?? 1_000, () => void poll())
      every(deps.reapMs ?? 15_000, () => void reap())
      void reap().then(poll)
    },
    async drain(timeoutMs) {
      draining = true
      for (const stop of stops.splice(0)) stop()
      await settledWithin(timeoutMs)
      for (const { stop } of running.values()) stop.abort(new Fault('shutting-down'))
      await settledWithin(1_000)
    },
  }

  async function settledWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([Promise.all([...running.values()].map(({ done }) => done)), late])
    clearTimeout(timer)
  }
}

const keyOf = ({ queue, tenant, lane }: Pick<Job, 'queue' | 'tenant' | 'lane'>): string =>
  `${queue}\n${tenant}\n${lane}`
