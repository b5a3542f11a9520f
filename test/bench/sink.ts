import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

/** Counts from now on, and says when so many mails for the domain have come. */
export interface SinkOrder {
  readonly domain: string
  readonly count: number
}

export interface Reached {
  /** First 4 KB of the last mail. */
  readonly head: string
  /** Mails for other domains meanwhile: reports and notices nobody expects in a benchmark. */
  readonly others: readonly (readonly [domain: string, count: number])[]
  /** Text messages so far; they go their own way and may come later than the mail. */
  readonly texts: number
}

export type SinkReport =
  | { readonly ports: { readonly smtp: number; readonly http: number } }
  | { readonly armed: true }
  | { readonly reached: Reached }

export interface BenchSink extends AsyncDisposable {
  readonly smtpPort: number
  readonly smsUrl: string
  /** Begins to count; the inner promise resolves when `count` mails for the domain have come, and rejects after `timeoutMs`. */
  expect(order: SinkOrder, timeoutMs: number): Promise<{ readonly reached: Promise<Reached> }>
}

/** Starts the sink in a process of its own, so that its work is not measured as the relay's. */
export async function startSink(): Promise<BenchSink> {
  const child = fork(join(import.meta.dirname, 'sink-process.ts'))
  const { ports } = await said(child, 'ports', 10_000)
  return {
    smtpPort: ports.smtp,
    smsUrl: `http://127.0.0.1:${ports.http}/sms`,
    async expect(order, timeoutMs) {
      const reached = said(child, 'reached', timeoutMs)
      // Awaited by the caller later; a rejection until then is not unhandled.
      reached.catch(() => {})
      const armed = said(child, 'armed', 5_000)
      child.send(order)
      await armed
      return { reached: reached.then((report) => report.reached) }
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await ended
    },
  }
}

/** The next report of a kind; rejects when none comes in time, or the process ended. */
function said<K extends 'ports' | 'armed' | 'reached'>(
  child: ChildProcess,
  kind: K,
  timeoutMs: number,
): Promise<Extract<SinkReport, Record<K, unknown>>> {
  const { promise, resolve, reject } = Promise.withResolvers<Extract<SinkReport, Record<K, unknown>>>()
  const listen = (report: SinkReport) => {
    if (kind in report) resolve(report as Extract<SinkReport, Record<K, unknown>>)
  }
  const ended = () => reject(new Error('the sink ended'))
  const timer = setTimeout(
    () => reject(new Error(`the sink did not say "${kind}" within ${timeoutMs / 1000} s`)),
    timeoutMs,
  )
  child.on('message', listen)
  child.on('exit', ended)
  return promise.finally(() => {
    clearTimeout(timer)
    child.off('message', listen)
    child.off('exit', ended)
  })
}
