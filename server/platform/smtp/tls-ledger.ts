import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../../ports/log.ts'
import type { CountedPolicy } from './demand.ts'

/** A failure of TLS as RFC 8460 4.3 names it, with what is known of the session. */
export interface CountedFailure {
  readonly type: string
  readonly host?: string
  readonly address?: string
  readonly helo?: string
  readonly reason?: string
}

/** Sessions under one policy of one domain on one day. */
export interface PolicyCount {
  readonly counted: CountedPolicy
  successes: number
  readonly failures: { readonly failure: CountedFailure; count: number }[]
}

/** One UTC day, by policy domain. */
export type TlsDay = Record<string, PolicyCount[]>

export interface TlsLedger {
  /** Counts one session, or one attempt that got none. */
  note(session: {
    readonly domain: string
    readonly counted: CountedPolicy
    readonly failure: CountedFailure | null
  }): void
  /** Writes what is not written yet. */
  close(): Promise<void>
}

/** So that nobody fills the disk by naming domains: what comes later on such a day is not counted. */
const DOMAINS_A_DAY = 10_000
const KINDS_A_POLICY = 50
const WRITE_MS = 5_000

/**
 * Counts of TLS sessions per domain and UTC day (RFC 8460 4.1), a file a day, written a few seconds after the first change: a
 * crash costs at most those seconds of statistics. `tls-report.ts` makes reports of them.
 */
export function openTlsLedger({
  directory,
  log,
  now = Date.now,
}: {
  readonly directory: string | null
  readonly log: Log
  readonly now?: () => number
}): TlsLedger {
  if (directory) mkdirSync(directory, { recursive: true, mode: 0o700 })
  let day = ''
  let counts: TlsDay = Object.create(null) as TlsDay
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> = Promise.resolve()

  function turnTo(today: string): void {
    if (day === today) return
    if (day !== '') write()
    day = today
    counts = directory ? readTlsDay(directory, today) : (Object.create(null) as TlsDay)
  }

  function write(): void {
    if (timer) clearTimeout(timer)
    timer = null
    if (!directory) return
    const [file, text] = [fileOf(directory, day), JSON.stringify(counts)]
    writing = writing
      .then(() => writeFile(`${file}.new`, text, { mode: 0o600 }))
      .then(() => rename(`${file}.new`, file))
      .catch((error: unknown) => log.warn('tls-rpt.unsaved', { error: String(error) }))
  }

  return {
    note({ domain, counted, failure }) {
      turnTo(new Date(now()).toISOString().slice(0, 10))
      if (!(domain in counts) && Object.keys(counts).length >= DOMAINS_A_DAY) return
      const policies = counts[domain] ?? []
      counts[domain] = policies
      const key = JSON.stringify(counted)
      let policy = policies.find((one) => JSON.stringify(one.counted) === key)
      if (!policy) {
        if (policies.length >= KINDS_A_POLICY) return
        policy = { counted, successes: 0, failures: [] }
        policies.push(policy)
      }
      if (failure === null) policy.successes++
      else {
        const kind = JSON.stringify(failure)
        const known = policy.failures.find((one) => JSON.stringify(one.failure) === kind)
        if (known) known.count++
        else if (policy.failures.length < KINDS_A_POLICY) policy.failures.push({ failure, count: 1 })
      }
      timer ??= setTimeout(write, WRITE_MS).unref()
    },
    async close() {
      if (timer) write()
      await writing
    },
  }
}

function fileOf(directory: string, day: string): string {
  return join(directory, `${day}.json`)
}

/** What was counted on a day (`2026-11-23`); nothing when there is no file, or none that can be read. */
export function readTlsDay(directory: string, day: string): TlsDay {
  try {
    return Object.assign(Object.create(null), JSON.parse(readFileSync(fileOf(directory, day), 'utf8'))) as TlsDay
  } catch {
    return Object.create(null) as TlsDay
  }
}
