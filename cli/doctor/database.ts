import type { Config } from '../../server/config.ts'
import { toFault } from '../../shared/fault/index.ts'
import { error, type Finding, ok, warning } from './finding.ts'

const CHECK = 'database'

/** Clocks that are further apart make audit times misleading; leases go by the server's alone. */
const SKEW_MS = 2_000

/** The PostgreSQL server can be reached, is one that the store lives on, and keeps what it commits. Nothing for SQLite: `disk` says it. */
export async function checkDatabase({ database: place }: Config, now: () => number): Promise<Finding[]> {
  if (place.kind !== 'postgres') return []
  const { examinePostgres } = await import('../../server/platform/database/postgres/examine.ts')
  const { OLDEST } = await import('../../server/platform/database/postgres/server.ts')
  const where = `${place.database} on ${place.host}`
  try {
    const found = await examinePostgres(place, now)
    const wrong: Finding[] = []
    const bad = (text: string, mend: string) => wrong.push(error(CHECK, `${where}: ${text}`, mend))
    const risk = (text: string, mend: string) => wrong.push(warning(CHECK, `${where}: ${text}`, mend))
    if (found.major < OLDEST) bad(`PostgreSQL ${found.version} is too old`, `PostgreSQL ${OLDEST} or newer`)
    if (found.encoding !== 'UTF8')
      bad(`its encoding is ${found.encoding}`, "create database secflow encoding 'UTF8' template template0")
    if (found.standby) bad('the server is a standby and takes no writes', 'name the primary in database.url')
    if (!found.fsync || !found.fullPageWrites)
      bad(
        'an acknowledged mail would not survive a power cut',
        'fsync = on and full_page_writes = on in postgresql.conf',
      )
    if (found.toApply.length > 0 && !found.mayCreate)
      bad('the user may not make tables', `grant create on schema public to "${place.user}"`)
    if (Math.abs(found.skewMs) > SKEW_MS)
      risk(`the clocks are ${(found.skewMs / 1000).toFixed(1)} s apart`, 'keep both set (systemd-timesyncd, chrony)')
    if (place.tls === 'encrypted' || (place.tls === 'none' && !isHere(place.host)))
      risk('anybody on the way could answer in its place', 'sslmode=verify-full in database.url')
    const needed = place.connections + Math.ceil(place.connections / 2) + 2
    if (needed * 2 > found.maxConnections)
      risk(
        `takes ${found.maxConnections} connections, each node wants ${needed}`,
        'max_connections, or database.connections',
      )
    const schema =
      found.toApply.length === 0 ? 'its schema is current' : `the start applies ${found.toApply.join(', ')}`
    const fine = `${where}: PostgreSQL ${found.version}, ${schema}, ${found.roundTripMs.toFixed(1)} ms away`
    return [...wrong, ...(wrong.some(({ status }) => status === 'error') ? [] : [ok(CHECK, fine)])]
  } catch (thrown) {
    const fault = toFault(thrown)
    if (fault.code === 'schema-unknown')
      return [error(CHECK, `${where} was changed by a newer version (${fault.detail})`, 'run that version')]
    const cause = fault.cause instanceof Error ? fault.cause.message : fault.code
    return [error(CHECK, `${where} cannot be used: ${cause}`, 'database.url, database.password, pg_hba.conf')]
  }
}

const isHere = (host: string) => host.startsWith('/') || ['127.0.0.1', '::1', 'localhost'].includes(host)
