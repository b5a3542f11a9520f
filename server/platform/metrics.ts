import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../ports/log.ts'

const PREFIX = 'secflow_'
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export interface PrometheusMetrics extends Metrics {
  /** What the operator's port serves under `/metrics`. */
  exposition(): Promise<{ readonly contentType: string; readonly body: string }>
}

type Labels = Readonly<Record<string, string>>

/**
 * The registry of one process, with Node's own figures (CPU, memory, garbage collection, event loop delay). A metric's
 * label names are those of its first use; others are left out rather than fail the work that is measured.
 */
export function createMetrics(): PrometheusMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: PREFIX, eventLoopMonitoringPrecision: 10 })
  const known = new Map<string, { readonly metric: unknown; readonly names: readonly string[] }>()

  function find<M>(name: string, labels: Labels, make: (names: string[]) => M): { metric: M; labels: Labels } {
    const found = known.get(name)
    if (found) {
      const kept = Object.fromEntries(found.names.map((n) => [n, labels[n] ?? '']))
      return { metric: found.metric as M, labels: kept }
    }
    const names = Object.keys(labels)
    const metric = make(names)
    known.set(name, { metric, names })
    return { metric, labels }
  }
  const settings = (name: string, labelNames: string[]) => ({
    name: PREFIX + name,
    help: name.replaceAll('_', ' '),
    labelNames,
    registers: [registry],
  })

  return {
    count(name, labels = {}, by = 1) {
      const { metric, labels: kept } = find(`c ${name}`, labels, (names) => new Counter(settings(name, names)))
      metric.inc(kept, by)
    },
    observe(name, seconds, labels = {}) {
      const { metric, labels: kept } = find(
        `h ${name}`,
        labels,
        (names) => new Histogram({ ...settings(name, names), buckets: SECONDS }),
      )
      metric.observe(kept, seconds)
    },
    gauge(name, value, labels = {}) {
      const { metric, labels: kept } = find(`g ${name}`, labels, (names) => new Gauge(settings(name, names)))
      metric.set(kept, value)
    },
    async exposition() {
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
  }
}
