import { mkdirSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Resolver } from '../../ports/dns.ts'
import type { Log } from '../../ports/log.ts'
import { isPublicAddress } from '../public-address.ts'
import { parseStsPolicy, type StsPolicy, stsId } from './mta-sts.ts'

/** Failures as TLS-RPT names them (RFC 8460 4.3.2.2). */
export type StsProblem = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'

export interface StsFound {
  readonly policy: StsPolicy | null
  readonly problem: StsProblem | null
}

export interface StsPolicies {
  /** The policy in force for a domain (A-label). Never raises: whoever cannot be asked now has the policy he had. */
  of(domain: string): Promise<StsFound>
}

export interface StsOptions {
  readonly resolver: Resolver
  /** Policies are kept here, a file a domain, so that a restart forgets none; null keeps them in memory. */
  readonly directory: string | null
  /** Authorities of policy hosts, PEM; the usual ones when left out. */
  readonly ca?: string
  /** For networks that lead HTTPS elsewhere. */
  readonly port?: number
  /** Policy hosts may have addresses that are not of the public Internet. */
  readonly allowPrivate?: boolean
  readonly log: Log
  readonly now?: () => number
}

interface Kept {
  readonly id: string
  readonly policy: StsPolicy
  /** Epoch ms. */
  readonly fetchedAt: number
}

const FILE_BYTES = 65_536
const FETCH_MS = 30_000
/** After a failure the host is left alone for so long (RFC 8461 3.3). */
const PAUSE_MS = 300_000
const DOMAINS = 20_000

/** MTA-STS policies of recipients' domains: found, fetched, kept (RFC 8461 3.1, 3.3, 5.1). */
export function createStsPolicies(options: StsOptions): StsPolicies {
  const now = options.now ?? Date.now
  const kept = new Map<string, Kept | null>()
  const pauses = new Map<string, { readonly until: number; readonly problem: StsProblem }>()
  const coming = new Map<string, Promise<StsFound>>()
  if (options.directory) mkdirSync(options.directory, { recursive: true, mode: 0o700 })

  async function find(domain: string): Promise<StsFound> {
    const known = alive(await load(domain))
    let id: string | null
    try {
      id = stsId((await options.resolver.txt(`_mta-sts.${domain}`)).records)
    } catch {
      id = null
    }
    // Whoever suppresses the record must not switch the policy off (RFC 8461 10.2).
    if (id === null) return { policy: known?.policy ?? null, problem: null }
    const fresh = known?.id === id && now() - known.fetchedAt < (known.policy.maxAge * 1_000) / 2
    if (fresh) return { policy: known.policy, problem: null }
    const pause = pauses.get(domain)
    if (pause && pause.until > now()) return { policy: known?.policy ?? null, problem: known ? null : pause.problem }
    const fetched = await fetchPolicy(domain)
    if (typeof fetched === 'string') {
      options.log.warn('mta-sts.unreadable', { domain, problem: fetched, kept: known !== null })
      bounded(pauses).set(domain, { until: now() + PAUSE_MS, problem: fetched })
      return { policy: known?.policy ?? null, problem: fetched }
    }
    pauses.delete(domain)
    await keep(domain, { id, policy: fetched, fetchedAt: now() })
    return { policy: fetched, problem: null }
  }

  function alive(entry: Kept | null): Kept | null {
    return entry && now() < entry.fetchedAt + entry.policy.maxAge * 1_000 ? entry : null
  }

  async function load(domain: string): Promise<Kept | null> {
    const known = kept.get(domain)
    if (known !== undefined) return known
    const read = options.directory ? await readKept(fileOf(options.directory, domain)) : null
    bounded(kept).set(domain, read)
    return read
  }

  async function keep(domain: string, entry: Kept): Promise<void> {
    bounded(kept).set(domain, entry)
    if (!options.directory) return
    const file = fileOf(options.directory, domain)
    try {
      await writeFile(`${file}.new`, JSON.stringify(entry), { mode: 0o600 })
      await rename(`${file}.new`, file)
    } catch (error) {
      options.log.warn('mta-sts.unsaved', { domain, error: String(error) })
    }
  }

  async function fetchPolicy(domain: string): Promise<StsPolicy | StsProblem> {
    let text: string
    try {
      text = await download(domain, options)
    } catch (error) {
      const { code = '' } = error as { code?: string }
      return /CERT|ALTNAME|SELF_SIGNED|SSL|TLS|ISSUER|SIGNATURE/.test(code)
        ? 'sts-webpki-invalid'
        : 'sts-policy-fetch-error'
    }
    return parseStsPolicy(text) ?? 'sts-policy-invalid'
  }

  return {
    async of(domain) {
      const under = coming.get(domain) ?? find(domain).finally(() => coming.delete(domain))
      coming.set(domain, under)
      return await under
    },
  }
}

function bounded<V>(map: Map<string, V>): Map<string, V> {
  const [oldest] = map.keys()
  if (map.size >= DOMAINS && oldest !== undefined) map.delete(oldest)
  return map
}

/** A domain as A-labels is a file name as it stands; anything else becomes one. */
function fileOf(directory: string, domain: string): string {
  return join(directory, `${encodeURIComponent(domain.toLowerCase()).slice(0, 240)}.json`)
}

async function readKept(file: string): Promise<Kept | null> {
  try {
    const { id, policy, fetchedAt } = JSON.parse(await readFile(file, 'utf8')) as Kept
    const lines = [
      `version: STSv1`,
      `mode: ${policy.mode}`,
      `max_age: ${policy.maxAge}`,
      ...policy.mx.map((mx) => `mx: ${mx}`),
    ]
    const checked = parseStsPolicy(lines.join('\n'))
    return checked && typeof id === 'string' && Number.isFinite(fetchedAt) ? { id, policy: checked, fetchedAt } : null
  } catch {
    return null
  }
}

/** RFC 8461 3.3: HTTPS with a good certificate, 200 and text/plain, no redirect, small and soon. */
function download(domain: string, { resolver, ca, port, allowPrivate }: StsOptions): Promise<string> {
  const host = `mta-sts.${domain}`
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host,
        port: port ?? 443,
        path: '/.well-known/mta-sts.txt',
        agent: false,
        ...(ca === undefined ? {} : { ca }),
        servername: host,
        headers: { host, accept: 'text/plain', 'user-agent': 'Secflow' },
        signal: AbortSignal.timeout(FETCH_MS),
        maxHeaderSize: 16_384,
        lookup: (_name, { all }, callback) => {
          lookUp(resolver, host, allowPrivate ?? false).then(
            (found) => (all ? callback(null, found) : callback(null, found[0]!.address, found[0]!.family)),
            (error: Error) => callback(error, []),
          )
        },
      },
      (response) => {
        const type = (response.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
        if (response.statusCode !== 200 || type !== 'text/plain') {
          call.destroy(new Error(`${response.statusCode} ${type}`))
          return
        }
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > FILE_BYTES) call.destroy(new Error('too long'))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      },
    )
    call.on('error', reject)
    call.end()
  })
}

async function lookUp(resolver: Resolver, host: string, allowPrivate: boolean) {
  const answers = await Promise.all(
    ([6, 4] as const).map(async (family) =>
      (await resolver.addresses(host, family)).records.map((address) => ({ address, family })),
    ),
  )
  const found = answers.flat().filter(({ address }) => allowPrivate || isPublicAddress(address))
  if (found.length === 0) throw Object.assign(new Error(`${host} has no public address`), { code: 'ENOTFOUND' })
  return found
}
