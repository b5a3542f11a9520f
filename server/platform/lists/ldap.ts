import { rootCertificates } from 'node:tls'
import { Client, ResultCodeError } from 'ldapts'
import { Fault } from '../../../shared/fault/index.ts'
import type { LdapServer, ReadList } from '../../ports/lists.ts'
import { bounded, MAX_ENTRIES } from './entries.ts'

export interface LdapQuery {
  readonly base: string
  readonly filter: string
  readonly attribute: string
}

const PAGE = 500

/**
 * Every value of one attribute below a base, page by page (RFC 2696). A result the server cut off is no list: raises
 * `effect-refused` for that, for a wrong filter and for refused credentials, `effect-unreachable` for the rest.
 */
export async function readLdapList({ base, filter, attribute }: LdapQuery, server: LdapServer): Promise<ReadList> {
  const { url, bindDn, password, ca, timeoutMs = 30_000 } = server
  const tls = { minVersion: 'TLSv1.2' as const, ...(ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {}) }
  const secure = url.startsWith('ldaps:')
  const client = new Client({
    url,
    timeout: timeoutMs,
    connectTimeout: timeoutMs,
    ...(secure ? { tlsOptions: tls } : {}),
  })
  const values = new Set<string>()
  const search = async () => {
    if (!secure) await client.startTLS({ ...tls, host: new URL(url).hostname })
    if (bindDn !== null) await client.bind(bindDn, password ?? '')
    const pages = client.searchPaginated(base, {
      scope: 'sub',
      filter,
      attributes: [attribute],
      paged: { pageSize: PAGE },
    })
    for await (const { searchEntries } of pages) {
      for (const entry of searchEntries) {
        const found = entry[attribute] ?? []
        for (const value of Array.isArray(found) ? found : [found]) values.add(String(value))
      }
      if (values.size > MAX_ENTRIES) throw new Fault('effect-refused', `more than ${MAX_ENTRIES} entries`)
    }
  }
  try {
    await within(timeoutMs, search())
    return { values: bounded([...values]), tag: null }
  } catch (error) {
    if (error instanceof Fault) throw error
    const refused = error instanceof ResultCodeError && !BUSY.includes(error.code)
    const host = new URL(url).host
    throw new Fault(refused ? 'effect-refused' : 'effect-unreachable', `${host}: ${nameOf(error)}`, { cause: error })
  } finally {
    await client.unbind().catch(() => {})
  }
}

/** busy, unavailable, timeLimitExceeded (RFC 4511 appendix A). */
const BUSY: readonly number[] = [51, 52, 3]

/** Never the message: it may quote what was bound with. */
const nameOf = (error: unknown) => (error instanceof Error ? error.name : 'failed')

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault('effect-unreachable', `no answer within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    work.catch(() => {})
  }
}
