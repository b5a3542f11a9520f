import { type Job, type JobQueueName, tenantId } from '../../shared/domain/index.ts'
import type { ClaimWant, Lane as LaneKey } from '../ports/store.ts'
import {
  afterFailure,
  type Breaker,
  type BreakerSettings,
  type BreakerState,
  CLOSED,
  probing,
  stateOf,
} from './breaker.ts'

/** So many jobs of a lane may begin now. */
export interface Want extends ClaimWant {
  /** Only to look after the overdue mail of a lane that is closed for sending: nobody connects. */
  readonly idle: boolean
}

/** Of a job, what its lane is told by. */
export type LanedJob = Pick<Job, 'id' | 'queue' | 'tenant' | 'lane'>

/** What an attempt says about the way to the next hop. */
export type Reach = 'reached' | 'unreachable' | 'unknown'

export interface LaneSettings {
  /** Jobs at once, per queue. */
  readonly places: Readonly<Partial<Record<JobQueueName, number>>>
  /** Jobs at once of one lane; `Infinity` where only the queue's places count. */
  limit(key: LaneKey): number
  /** Null for queues whose lanes never close. */
  breaker(queue: JobQueueName): BreakerSettings | null
  /** A lane with a job that runs longer is slow; slow and failing lanes share half of the queue's places. */
  readonly slowMs: number
  /** How often the overdue mail of a closed lane is looked after. */
  readonly idleMs: number
}

export interface LaneView extends LaneKey {
  readonly running: number
  readonly breaker: BreakerState
  readonly failures: number
  /** Ms until the lane is probed; null unless it is open. */
  readonly opensIn: number | null
}

interface Lane {
  readonly key: LaneKey
  readonly name: string
  readonly limit: number
  readonly running: Map<string, number>
  /** There may be due jobs. */
  work: boolean
  /** Work was announced since the last look. */
  fresh: boolean
  breaker: Breaker
  /** Of its last connection-level failure. */
  failedAt: number
  /** When its overdue mail is looked after next. */
  idleAt: number
}

/** Longer than the pause of any retry; a domain nobody has written to since is not remembered for ever. */
const REMEMBERED = 8 * 3_600_000

interface Share {
  /** Lanes with running jobs: at most as many as places. */
  readonly busy: Set<Lane>
  /** Tenants in the order in which they are served next, each with the lanes that have work, likewise. */
  readonly tenants: Map<string, Map<string, Lane>>
  running: number
}

/**
 * Who is served next: state and events in, wants out; no clock and no I/O of its own. Places of a queue go round among the
 * tenants that have work, and a tenant's among its lanes, so that a lane with a hundred thousand mails takes one turn like
 * any other. No lane exceeds its limit, no queue its places, and lanes that fail or hang have at most half of them.
 * Times are ms of one steady clock.
 */
export class Lanes {
  readonly #settings: LaneSettings
  readonly #lanes = new Map<string, Lane>()
  readonly #shares = new Map<JobQueueName, Share>()
  #lookedBackAt = Number.NEGATIVE_INFINITY

  constructor(settings: LaneSettings) {
    this.#settings = settings
  }

  /** There may be work in these lanes. */
  offer(keys: Iterable<LaneKey>): void {
    for (const key of keys) {
      const lane = this.#lane(key)
      lane.fresh = true
      if (!lane.work) this.#enter(lane)
    }
  }

  /** A person asks for it: lanes that are closed may send one job now, and open if it gets through. */
  probe(keys: Iterable<LaneKey>, now: number): void {
    for (const key of keys) {
      const lane = this.#lanes.get(nameOf(key))
      if (lane) lane.breaker = probing(lane.breaker, now)
    }
  }

  /** What to claim now; at most one want a lane. */
  wants(now: number): Want[] {
    this.#forgetOld(now)
    const wants: Want[] = []
    for (const [queue, share] of this.#shares) {
      const places = this.#settings.places[queue] ?? 0
      let free = places - share.running
      if (free <= 0) continue
      let doubtful = Math.max(1, Math.floor(places / 2)) - this.#doubtfulRunning(share, now)
      const given = new Map<Lane, number>()
      for (let served = true; served && free > 0; ) {
        served = false
        for (const [tenant, lanes] of [...share.tenants]) {
          if (free <= 0) break
          const lane = this.#next(lanes, given, now, doubtful > 0)
          if (!lane) continue
          given.set(lane, (given.get(lane) ?? 0) + 1)
          if (this.#isDoubtful(lane, now)) doubtful--
          free--
          served = true
          turn(lanes, lane.name, lane)
          turn(share.tenants, tenant, lanes)
        }
      }
      for (const [lane, limit] of given) {
        const idle = stateOf(lane.breaker, now) === 'open'
        lane.fresh = false
        wants.push({ ...lane.key, limit, idle })
      }
    }
    return wants
  }

  /** What a claim gave. A lane that gave less than was wanted has no more, unless something came meanwhile. */
  claimed(wants: readonly Want[], jobs: readonly LanedJob[], now: number): void {
    for (const job of jobs) {
      const lane = this.#lane(job)
      const share = this.#share(job.queue)
      lane.running.set(job.id, now)
      share.running++
      share.busy.add(lane)
    }
    const counts = new Map<string, number>()
    for (const job of jobs) counts.set(nameOf(job), (counts.get(nameOf(job)) ?? 0) + 1)
    for (const want of wants) {
      const lane = this.#lanes.get(nameOf(want))
      if (!lane) continue
      const less = (counts.get(lane.name) ?? 0) < want.limit
      if (want.idle) lane.idleAt = less ? now + this.#settings.idleMs : now
      else if (less && !lane.fresh) this.#leave(lane)
    }
  }

  /** The end of a job that `claimed` brought. */
  ended(job: LanedJob, reach: Reach, now: number, random: number): void {
    const lane = this.#lane(job)
    const share = this.#share(job.queue)
    if (lane.running.delete(job.id)) share.running--
    if (lane.running.size === 0) share.busy.delete(lane)
    const settings = this.#settings.breaker(job.queue)
    if (settings && reach === 'reached') lane.breaker = CLOSED
    else if (settings && reach === 'unreachable') {
      const before = lane.breaker
      lane.breaker = afterFailure(before, now, random, settings)
      lane.failedAt = now
      if (before.until === null && lane.breaker.until !== null) lane.idleAt = now
    }
    this.#forget(lane)
  }

  /** Whether somebody who begins now may connect. */
  isOpen(key: Pick<Job, 'queue' | 'tenant' | 'lane'>, now: number): boolean {
    const lane = this.#lanes.get(nameOf(key))
    return lane !== undefined && stateOf(lane.breaker, now) === 'open'
  }

  /** Lanes that run, wait or are closed. */
  views(now: number): LaneView[] {
    return [...this.#lanes.values()].map(({ key, running, breaker }) => {
      const state = stateOf(breaker, now)
      const opensIn = state === 'open' && breaker.until !== null ? breaker.until - now : null
      return { ...key, running: running.size, breaker: state, failures: breaker.failures, opensIn }
    })
  }

  /** First lane in turn with room for one more. */
  #next(lanes: Map<string, Lane>, given: Map<Lane, number>, now: number, doubtfulToo: boolean): Lane | null {
    for (const lane of lanes.values()) {
      const room = this.#room(lane, now) - (given.get(lane) ?? 0)
      if (room > 0 && (doubtfulToo || !this.#isDoubtful(lane, now))) return lane
    }
    return null
  }

  #room(lane: Lane, now: number): number {
    switch (stateOf(lane.breaker, now)) {
      case 'closed':
        return lane.limit - lane.running.size
      case 'half-open':
        return 1 - lane.running.size
      case 'open':
        return now >= lane.idleAt ? lane.limit - lane.running.size : 0
    }
  }

  #isDoubtful(lane: Lane, now: number): boolean {
    if (lane.breaker.failures > 0) return true
    const [oldest] = lane.running.values()
    return oldest !== undefined && now - oldest > this.#settings.slowMs
  }

  #doubtfulRunning({ busy }: Share, now: number): number {
    let running = 0
    for (const lane of busy) if (this.#isDoubtful(lane, now)) running += lane.running.size
    return running
  }

  #lane(key: Pick<Job, 'queue' | 'tenant' | 'lane'>): Lane {
    const name = nameOf(key)
    let lane = this.#lanes.get(name)
    if (!lane) {
      const { queue, tenant, lane: destination } = key
      const own: LaneKey = { queue, tenant: tenantId(tenant), lane: destination }
      lane = {
        key: own,
        name,
        limit: Math.max(1, this.#settings.limit(own)),
        running: new Map(),
        work: false,
        fresh: false,
        breaker: CLOSED,
        failedAt: Number.NEGATIVE_INFINITY,
        idleAt: 0,
      }
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #share(queue: JobQueueName): Share {
    let share = this.#shares.get(queue)
    if (!share) {
      share = { busy: new Set(), tenants: new Map(), running: 0 }
      this.#shares.set(queue, share)
    }
    return share
  }

  #enter(lane: Lane): void {
    const { tenants } = this.#share(lane.key.queue)
    let lanes = tenants.get(lane.key.tenant)
    if (!lanes) {
      lanes = new Map()
      tenants.set(lane.key.tenant, lanes)
    }
    lanes.set(lane.name, lane)
    lane.work = true
  }

  #leave(lane: Lane): void {
    const { tenants } = this.#share(lane.key.queue)
    const lanes = tenants.get(lane.key.tenant)
    lanes?.delete(lane.name)
    if (lanes?.size === 0) tenants.delete(lane.key.tenant)
    lane.work = false
    this.#forget(lane)
  }

  /** A lane about which there is nothing to remember takes no memory. */
  #forget(lane: Lane): void {
    const { failures, until } = lane.breaker
    if (!lane.work && lane.running.size === 0 && failures === 0 && until === null) this.#lanes.delete(lane.name)
  }

  /** Nor does one whose failures are long ago: of next hops that never answer there may be any number. */
  #forgetOld(now: number): void {
    if (now - this.#lookedBackAt < REMEMBERED / 10) return
    this.#lookedBackAt = now
    for (const [name, { work, running, failedAt }] of this.#lanes)
      if (!work && running.size === 0 && now - failedAt > REMEMBERED) this.#lanes.delete(name)
  }
}

const nameOf = ({ queue, tenant, lane }: Pick<Job, 'queue' | 'tenant' | 'lane'>): string =>
  `${queue}\n${tenant}\n${lane}`

/** To the end of the order. */
function turn<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
}
