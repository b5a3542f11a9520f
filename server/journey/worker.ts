import type { Job, JobQueueName } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Alongside, Announced, Lane, Store, TenantWrites } from '../ports/store.ts'
import { BREAKER, type BreakerSettings } from './breaker.ts'
import { retryDelay } from './deliver/backoff.ts'
import { Lanes, type LaneView, type Reach } from './lanes.ts'
import { untilWritten } from './written.ts'

/**
 * Does one job. A handler that ended the job itself (`completeJob` in the transaction of its effects, as it should) says
 * `completed`, or `unreachable` when it did so because its next hop is not there; for any other answer the worker ends it.
 * A thrown fault is tried again or buried as the catalogue says. The signal aborts when the lease is lost or the drain is
 * over: what has not begun must not begin then.
 */
export type JobHandler = (job: Job, signal: AbortSignal, way: Way) => Promise<unknown>

/** Whether the next hop may be asked. While its lane is closed, a job is only looked after: told of, put off, given up. */
export interface Way {
  readonly connect: boolean
}

export interface WorkersDeps {
  readonly store: Store
  readonly handlers: Partial<Record<JobQueueName, JobHandler>>
  /** Jobs at once of one lane; without it only the queue's number counts. */
  readonly laneLimit?: (lane: Lane) => number
  /** Of `deliver` lanes. */
  readonly breaker?: BreakerSettings
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
  /** Lanes that run, wait or are closed, in this process. */
  lanes(): LaneView[]
}

const CONCURRENCY: Record<JobQueueName, number> = {
  process: 12,
  // What one next hop gets is its lane's limit; with this many, a few that hang do not hold up the others.
  deliver: 100,
  sms: 4,
  webhook: 4,
  api: 4,
  archive: 4,
  mail: 4,
}

/** A lane with a job that runs longer shares half of its queue's places with others of its kind. */
const SLOW_MS = 30_000
/** How often the mail of a closed lane is looked after, and how long it must have been due for that. */
const IDLE_MS = 5 * 60_000
const OVERDUE_MS = 3_600_000
/** A step of the machine's clock, not a drift. */
const JUMP_MS = 5_000

/** The one claim loop of all queues. */
export function createWorkers(deps: WorkersDeps): Workers {
  const { store, clock, log, metrics } = deps
  const leaseMs = deps.leaseMs ?? 60_000
  const reapMs = deps.reapMs ?? 15_000
  const maxAttempts = deps.maxAttempts ?? 30
  const delay = deps.retryDelay ?? retryDelay
  const lanes = new Lanes({
    places: { ...CONCURRENCY, ...deps.concurrency },
    limit: deps.laneLimit ?? (() => Number.POSITIVE_INFINITY),
    breaker: (queue) => (queue === 'deliver' ? (deps.breaker ?? BREAKER) : null),
    slowMs: SLOW_MS,
    idleMs: IDLE_MS,
  })
  const queues = Object.keys(deps.handlers) as JobQueueName[]
  const running = new Map<string, { readonly job: Job; readonly stop: AbortController; readonly done: Promise<void> }>()
  let draining = false
  const drained = new AbortController()
  let claiming = false
  /** Ends with the round of claims that began last. */
  let round: Promise<void> = Promise.resolve()
  let again = false
  const stops: (() => void)[] = []

  /** Of lanes, pauses and timers: a step of the machine's clock does not show in it. */
  const steady = () => performance.now()
  const skew = () => clock.now() - steady()
  let lastSkew = skew()
  /** When lost jobs were last looked for. */
  let lookedAt = steady()
  /** When the store last did not answer. */
  let awayAt = Number.NEGATIVE_INFINITY

  const hear = (work: readonly Announced[]) => {
    const ours = work.filter(({ queue }) => queues.includes(queue))
    lanes.probe(
      ours.filter(({ probe }) => probe),
      steady(),
    )
    lanes.offer(ours)
    fill()
  }

  function unavailable(error: unknown): void {
    awayAt = steady()
    log.error('queue.unavailable', { fault: toFault(error).code })
  }

  async function poll(): Promise<void> {
    try {
      hear(await store.queue.lanes(queues))
    } catch (error) {
      unavailable(error)
    }
  }

  /** Fills every free place. One round at a time; a wake-up during a round starts another. */
  function fill(): void {
    if (draining) return
    if (claiming) again = true
    else round = claim()
  }

  /** Never rejects. */
  async function claim(): Promise<void> {
    claiming = true
    try {
      do {
        again = false
        const wants = lanes.wants(steady())
        if (wants.length === 0) break
        const dueBy = (clock.steady?.() ?? clock.now()) - OVERDUE_MS
        const jobs = await store.queue.claim(
          wants.map(({ idle, ...want }) => (idle ? { ...want, dueBy } : want)),
          leaseMs,
        )
        lanes.claimed(wants, jobs, steady())
        for (const job of jobs) run(job, !lanes.isOpen(job, steady()))
        again ||= jobs.length > 0
      } while (again && !draining)
    } catch (error) {
      unavailable(error)
    } finally {
      claiming = false
    }
  }

  function run(job: Job, connect: boolean): void {
    const stop = new AbortController()
    const beat = setInterval(() => void extend(job, stop), leaseMs / 3)
    const began = steady()
    const done = work(job, stop.signal, { connect })
      .then((reach) => lanes.ended(job, reach, steady(), Math.random()))
      .finally(() => {
        clearInterval(beat)
        running.delete(job.id)
        metrics.observe('job_seconds', (steady() - began) / 1_000, { queue: job.queue })
        fill()
      })
    running.set(job.id, { job, stop, done })
  }

  async function extend(job: Job, stop: AbortController): Promise<void> {
    try {
      await store.queue.extend(job, leaseMs)
    } catch (error) {
      if (toFault(error).code === 'lease-lost') stop.abort(toFault(error))
    }
  }

  /** Never rejects. Answers what the attempt says about the way to the next hop. */
  async function work(job: Job, signal: AbortSignal, way: Way): Promise<Reach> {
    try {
      const handler = deps.handlers[job.queue]
      if (!handler) throw new Fault('internal', `nobody works on ${job.queue}`)
      const outcome = await handler(job, signal, way)
      if (outcome !== 'completed' && outcome !== 'unreachable')
        await untilWritten(() => store.queue.complete(job), signal)
      metrics.count('jobs_total', { queue: job.queue, outcome: 'done' })
      if (!way.connect) return 'unknown'
      return outcome === 'unreachable' ? 'unreachable' : 'reached'
    } catch (error) {
      // A store that is away is waited for, but not by a drain: nothing is known that the next worker would not find out.
      const waiting = AbortSignal.any([signal, drained.signal])
      await untilWritten(() => failed(job, toFault(error), signal), waiting).catch((cause: unknown) => {
        // Either it is somebody else's now, or its lease runs out by itself; the job is not lost.
        if (toFault(cause).code === 'lease-lost') return
        log.error('job.unsettled', { job: job.id, queue: job.queue, fault: toFault(cause).code })
      })
      return 'unknown'
    }
  }

  async function failed(job: Job, fault: Fault, signal: AbortSignal): Promise<void> {
    // Either the handler ended it without saying so, or somebody else has it: nothing left to do.
    if (fault.code === 'lease-lost') return
    const fields = { ...namesOf(job), attempt: job.attempt, code: fault.code }
    if (draining && signal.aborted) return await store.queue.retry(job, clock.now(), 'drained')
    if (fault.definition.retry && job.attempt < maxAttempts) {
      await store.queue.retry(job, clock.now() + delay(job.attempt), fault.message)
      log.warn('job.retried', fields)
      metrics.count('jobs_total', { queue: job.queue, outcome: 'retried' })
      return
    }
    await store.queue.bury(job, fault.message, report(fault.code))
    metrics.count('jobs_total', { queue: job.queue, outcome: 'dead' })
    log.error('job.buried', { ...fields, ...(fault.code === 'internal' ? { cause: String(fault.cause) } : {}) })
  }

  async function reap(): Promise<void> {
    try {
      const jumped = Math.abs(skew() - lastSkew) > JUMP_MS
      lastSkew = skew()
      const stood = steady() - lookedAt > 2 * reapMs
      lookedAt = steady()
      if (jumped) log.warn('clock.jumped', {})
      // Our leases are as good as before, whatever the clock says now and however long this process stood still.
      if (jumped || stood) await Promise.all([...running.values()].map(({ job, stop }) => extend(job, stop)))
      // While the store is away nobody can extend a lease: who is alive gets the time of a beat, and what he did is not done twice.
      if (steady() - awayAt < leaseMs / 2) return
      for (const job of await store.queue.reap(deps.maxCrashes ?? 3, report('crashed'))) {
        metrics.count('jobs_total', { queue: job.queue, outcome: 'dead' })
        log.error('job.buried', { ...namesOf(job), code: 'crashed' })
      }
    } catch (error) {
      unavailable(error)
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
      stops.push(store.queue.onWork(hear))
      every(deps.pollMs ?? 1_000, () => void poll())
      every(reapMs, () => void reap())
      void reap().then(poll)
    },
    lanes: () => lanes.views(steady()),
    async drain(timeoutMs) {
      draining = true
      drained.abort()
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
    const ended = async () => {
      // A claim that was under way still brings jobs: they are among those that may finish.
      await round
      await Promise.all([...running.values()].map(({ done }) => done))
    }
    await Promise.race([ended(), late])
    clearTimeout(timer)
  }
}

/** Of a job, for the log. */
const namesOf = ({ id, tenant, message, queue }: Job) => ({ job: id, tenant, message, queue })
