import type pg from 'pg'
import type { PostgresPlace } from '../../../ports/places.ts'

/** Where the database is and how the connection is protected. */
export interface Address extends PostgresPlace {
  /** Trusted authorities, PEM; the system's when null. */
  readonly ca: string | null
}

/** What every connection asks of the server: a commit that is on disk, and an end for what hangs. */
export function clientConfig(address: Address, limits: { connectMs: number; unitMs: number }): pg.ClientConfig {
  const { host, port, database, user, password, tls, ca } = address
  return {
    host,
    port,
    database,
    user,
    ...(password === null ? {} : { password }),
    ssl: tls === 'none' ? false : tlsOptions(tls, ca),
    connectionTimeoutMillis: limits.connectMs,
    keepAlive: true,
    statement_timeout: limits.unitMs,
    lock_timeout: limits.unitMs,
    // A node that vanished in the middle of a unit must not keep its locks.
    idle_in_transaction_session_timeout: limits.unitMs,
    // Whatever the server's default: what is acknowledged is on disk.
    options: '-c synchronous_commit=on',
  }
}

function tlsOptions(tls: 'encrypted' | 'ca' | 'full', ca: string | null): Exclude<pg.ClientConfig['ssl'], boolean> {
  const authorities = ca === null ? {} : { ca }
  if (tls === 'encrypted') return { rejectUnauthorized: false }
  // The name is not looked at: what an authority of one's own signed for any of its servers will do.
  if (tls === 'ca') return { ...authorities, rejectUnauthorized: true, checkServerIdentity: () => undefined }
  return { ...authorities, rejectUnauthorized: true }
}
