import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Resolver } from '../../ports/dns.ts'
import type { Log } from '../../ports/log.ts'
import { isPublicAddress, publicLookup } from '../public-address.ts'
import { readTlsDay } from './tls-ledger.ts'
import { type Reporter, reportMail, reportUris, type TlsReport, tlsReport } from './tls-report.ts'

export interface TlsReporterOptions {
  readonly reporter: Reporter
  /** That of the ledger: `<dataDir>/tls/tls-rpt`. */
  readonly directory: string
  readonly resolver: Resolver
  /** Puts a finished mail into the queue; the key makes a second try the same mail. */
  readonly enqueue: (mail: { readonly to: string; readonly key: string; readonly message: Buffer }) => Promise<void>
  /** Authorities of the hosts that take reports by HTTPS, PEM; the usual ones when left out. */
  readonly ca?: string
  readonly allowPrivate?: boolean
  readonly log: Log
}

export interface TlsReporter {
  /** Sends what is due; to be called now and then. What fails is tried again with the next call, for two days. */
  run(now: number): Promise<void>
  /** Calls `run` now and then; answers what ends that, when a running one is done. */
  keep(everyMs?: number): () => Promise<void>
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** Days that are still tried; RFC 8460 4.1 wants them soon after midnight. */
const TRIED_DAYS = 2
const KEPT_DAYS = 30
const POST_MS = 60_000

/** Reports of finished UTC days to the domains that want them (RFC 8460 3, 5). */
export function createTlsReporter(options: TlsReporterOptions): TlsReporter {
  const { directory, reporter, log } = options

  async function run(now: number): Promise<void> {
    for (let back = TRIED_DAYS; back >= 1; back--) await reportDay(dayOf(now - back * DAY_MS), now)
    const oldest = dayOf(now - KEPT_DAYS * DAY_MS)
    for (const file of await readdir(directory).catch(() => [])) {
      if (/^\d{4}-\d\d-\d\d\./.test(file) && file < oldest) await rm(join(directory, file), { force: true })
    }
  }

  async function reportDay(day: string, now: number): Promise<void> {
    const counts = readTlsDay(directory, day)
    const file = join(directory, `${day}.sent.json`)
    const sent = new Set(
      await readFile(file, 'utf8').then(
        (text) => JSON.parse(text) as string[],
        () => [],
      ),
    )
    for (const [domain, policies] of Object.entries(counts)) {
      if (sent.has(domain)) continue
      try {
        await reportTo(domain, tlsReport(reporter, domain, day, policies), sent, now)
        sent.add(domain)
      } catch (error) {
        log.info('tls-rpt.unsent', { domain, day, error: String(error) })
      }
      await writeFile(`${file}.new`, JSON.stringify([...sent]), { mode: 0o600 })
      await rename(`${file}.new`, file)
    }
  }

  /** Each way of its own, once. Rejects when one has to be tried again. */
  async function reportTo(domain: string, report: TlsReport, sent: Set<string>, now: number): Promise<void> {
    const { mailto, https } = reportUris((await options.resolver.txt(`_smtp._tls.${domain}`)).records)
    for (const to of mailto.slice(0, 5)) {
      const key = `tls-rpt:${report.file}:${to}`
      if (sent.has(key)) continue
      await options.enqueue({ to, key, message: reportMail(reporter, report, to, now) })
      sent.add(key)
    }
    for (const url of https.slice(0, 5)) {
      // Many domains have their reports sent to one address.
      const key = `tls-rpt:${report.file}:${url}`
      if (sent.has(key)) continue
      await post(url, report.gzip, options)
      sent.add(key)
    }
  }

  return {
    run,
    keep(everyMs = HOUR_MS) {
      let timer: NodeJS.Timeout | undefined
      let stopped = false
      let round: Promise<void> = Promise.resolve()
      const next = () => {
        round = run(Date.now())
          .catch((error: unknown) => log.warn('tls-rpt.failed', { error: String(error) }))
          .then(() => {
            if (!stopped) timer = setTimeout(next, everyMs)
          })
      }
      // Everybody's midnight is the same (RFC 8460 4.1): an hour's start of our own spreads the load.
      timer = setTimeout(next, Math.min(everyMs, Math.random() * HOUR_MS))
      return async () => {
        stopped = true
        clearTimeout(timer)
        await round
      }
    },
  }
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** RFC 8460 5.4: POST, no redirect; any 2xx is taken for a receipt. */
async function post(url: string, body: Buffer, { ca, allowPrivate }: TlsReporterOptions): Promise<void> {
  // An address in the URL is never looked up.
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw new Error(`${host} is an internal address`)
  return await new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/tlsrpt+gzip', 'content-length': body.length, 'user-agent': 'Secflow' },
        signal: AbortSignal.timeout(POST_MS),
        ...(ca === undefined ? {} : { ca }),
        ...(allowPrivate ? {} : { lookup: publicLookup() }),
      },
      (response) => {
        response.resume()
        const { statusCode = 0 } = response
        if (statusCode >= 200 && statusCode < 300) resolve()
        else reject(new Error(`${url} answers ${statusCode}`))
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}
