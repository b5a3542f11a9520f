/** Structured log. Addresses are hashed by the adapter at info and above; secrets and bodies are never passed. */
export interface Log {
  child(fields: Readonly<Record<string, unknown>>): Log
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Counters and histograms of the operator's port. Names are Prometheus names without the `secflow_` prefix. */
export interface Metrics {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void
}

export const silentLog: Log = { child: () => silentLog, debug() {}, info() {}, warn() {}, error() {} }
export const noMetrics: Metrics = { count() {}, observe() {}, gauge() {} }
