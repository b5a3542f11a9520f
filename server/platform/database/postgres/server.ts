import type pg from 'pg'
import { Fault } from '../../../../shared/fault/index.ts'

/** Oldest server that is supported: its row locks, `any(array(...))` plans and JSON are what the tests run on from here up. */
export const OLDEST = 14

export interface ServerFacts {
  /** `15.18` */
  readonly version: string
  readonly major: number
  readonly encoding: string
  /** Epoch ms. */
  readonly now: number
  /** What makes `commit` mean "on disk". */
  readonly fsync: boolean
  readonly fullPageWrites: boolean
  readonly standby: boolean
  readonly maxConnections: number
}

export async function serverFacts(client: pg.ClientBase): Promise<ServerFacts> {
  const { rows } = await client.query<Record<string, string>>(
    `select current_setting('server_version') as version, current_setting('server_version_num') as number,
       current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as pages, current_setting('max_connections') as connections,
       pg_is_in_recovery()::text as standby, (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now`,
  )
  const row = rows[0] ?? {}
  return {
    version: row.version ?? '',
    major: Math.floor(Number(row.number) / 10_000),
    encoding: row.encoding ?? '',
    now: Number(row.now),
    fsync: row.fsync === 'on',
    fullPageWrites: row.pages === 'on',
    standby: row.standby === 'true',
    maxConnections: Number(row.connections),
  }
}

/** Raises `config-invalid` for a server or database that the store cannot live on, `store-unavailable` for a standby. */
export async function checkServer(client: pg.ClientBase): Promise<void> {
  const { major, version, encoding, standby } = await serverFacts(client)
  if (major < OLDEST) throw new Fault('config-invalid', `database: PostgreSQL ${version} is older than ${OLDEST}`)
  if (encoding !== 'UTF8') throw new Fault('config-invalid', `database: its encoding is ${encoding}, not UTF8`)
  if (standby) throw new Fault('store-unavailable', 'the database server is a standby')
}
