import type { TenantId } from '../../../shared/domain/index.ts'
import { toFault } from '../../../shared/fault/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import type { BreakerState } from '../breaker.ts'
import type { LaneView } from '../lanes.ts'

export interface MeasureParts {
  readonly store: Store
  readonly tenants: readonly TenantId[]
  lanes(): readonly LaneView[]
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
}

/** Lanes that are named one by one; the rest of a queue counts as `other`, so that a metric stays one. */
const NAMED = 200

const BREAKER: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 }

/**
 * Sets the gauges of the queue: `queue_jobs` and `queue_oldest_seconds` by tenant, queue, lane and state, and for lanes of
 * this process `lane_breaker` (0 closed, 1 half-open, 2 open) and `lane_running`. To be called when somebody asks; what is
 * gone since then goes to 0. Never raises: metrics must not fail because the database does.
 */
export function measureQueue({ store, tenants, lanes, clock, metrics, log }: MeasureParts): () => Promise<void> {
  type Gauge = { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  let last = new Map<string, Gauge>()
  return async () => {
    const next = new Map<string, Gauge & { readonly value: number }>()
    const set = (name: string, value: number, labels: Gauge['labels'], join: (a: number, b: number) => number) => {
      const key = JSON.stringify([name, labels])
      const known = next.get(key)
      next.set(key, { name, labels, value: known ? join(known.value, value) : value })
    }
    const sum = (a: number, b: number) => a + b
    try {
      for (const tenant of tenants) {
        const counts = (await store.tenant(tenant).read.jobCounts()).sort((a, b) => b.count - a.count)
        const named = new Set(counts.slice(0, NAMED).map(({ queue, lane }) => `${queue}\n${lane}`))
        for (const { queue, lane: own, state, count, oldest } of counts) {
          const lane = named.has(`${queue}\n${own}`) ? own : 'other'
          set('queue_jobs', count, { tenant, queue, lane, state }, sum)
          set('queue_oldest_seconds', (clock.now() - oldest) / 1000, { tenant, queue, lane, state }, Math.max)
        }
      }
    } catch (error) {
      log.warn('queue.unmeasured', { fault: toFault(error).code })
      return
    }
    const views = [...lanes()].sort((a, b) => BREAKER[b.breaker] - BREAKER[a.breaker] || b.running - a.running)
    for (const [at, { tenant, queue, lane: own, breaker, running }] of views.entries()) {
      const lane = at < NAMED ? own : 'other'
      set('lane_breaker', BREAKER[breaker], { tenant, queue, lane }, Math.max)
      set('lane_running', running, { tenant, queue, lane }, sum)
    }
    for (const [key, { name, labels }] of last) if (!next.has(key)) metrics.gauge(name, 0, labels)
    for (const { name, value, labels } of next.values()) metrics.gauge(name, value, labels)
    last = next
  }
}
