import pg from 'pg'
import type { Clock } from '../../../ports/clock.ts'
import { type Log, silentLog } from '../../../ports/log.ts'
import type { Announced, Store } from '../../../ports/store.ts'
import type { Database, Db } from '../database.ts'
import { postgresMigrations } from '../migrations/postgres/index.ts'
import { tables } from '../schema.pg.ts'
import { storeOver } from '../store.ts'
import { type Address, clientConfig } from './address.ts'
import { sideBySide } from './dialect.ts'
import { faultOf, isLost, unwrapped } from './faults.ts'
import { SharedFlush } from './flush.ts'
import { type Migration, migrate } from './migrate.ts'
import { checkServer } from './server.ts'
import { dbOver } from './session.ts'
import { WorkSignal } from './signal.ts'
import { Units } from './units.ts'

export interface PostgresOptions {
  readonly address: Address
  readonly clock: Clock
  readonly log?: Log
  /** Connections for units of work, 10 when left out; half as many more for reads, and one that listens. */
  readonly poolSize?: number
  /** How long one unit of work may take, in ms. */
  readonly unitMs?: number
  /** How long a connection may take to come about or to become free, in ms. */
  readonly connectMs?: number
  /** Whose time due times and leases follow: the server's, unless a test moves the clock. */
  readonly time?: 'server' | 'clock'
  /** Tests upgrade with it. */
  readonly migrations?: readonly Migration[]
}

/** Opens the store on a PostgreSQL server and brings its schema up to date. Raises `store-unavailable`, `disk-full`, `schema-unknown` or `config-invalid`. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  return storeOver(await openPostgres(options), options.clock, options.log ?? silentLog)
}

/** The engine under that store: a pool for units, one for reads, and a connection that hears of other nodes' work. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { address, clock, log = silentLog, poolSize = 10, unitMs = 10_000, connectMs = 5_000 } = options
  const config = clientConfig(address, { connectMs, unitMs })
  await prepare(config, options.migrations ?? postgresMigrations, clock)

  // A server that says nothing any more, a network that swallows: the limits above are the server's, this one is ours.
  const pooled = (name: string, max: number, more: pg.PoolConfig = {}) =>
    new pg.Pool({ ...config, ...more, max, query_timeout: unitMs + 1_000, application_name: name })
  const writers = pooled('secflow', poolSize, { pipeline: true })
  const readers = pooled('secflow read', Math.max(2, Math.ceil(poolSize / 2)))
  const flushers = pooled('secflow flush', 1)
  for (const pool of [writers, readers, flushers]) {
    // Whoever uses the connection hears of it from his statement; the pool drops one that nobody uses.
    const lost = (error: Error) => log.debug('database.connection-lost', { error: String(error) })
    pool.on('connect', (client) => client.on('error', lost))
    pool.on('error', lost)
  }
  const flush = new SharedFlush(flushers)
  const units = new Units(writers, flush, unitMs)
  const listeners = new Set<(work: readonly Announced[]) => void>()
  const signal = new WorkSignal({ ...config, application_name: 'secflow signal' }, log, (work) => {
    for (const listener of listeners) listener(work)
  })
  await signal.start()

  return {
    dialect: sideBySide((options.time ?? 'server') === 'server'),
    tables,
    read: reading(readers),
    settled: () => flush.settled(),
    async write(work) {
      try {
        return await units.write(work)
      } catch (error) {
        throw unwrapped(error)
      }
    },
    fault: unwrapped,
    tell: (work) => signal.tell(work),
    hear: (listener) => void listeners.add(listener),
    async close() {
      await signal.close()
      await Promise.all([writers, readers, flushers].map((pool) => pool.end()))
    },
  }
}

async function prepare(config: pg.ClientConfig, migrations: readonly Migration[], clock: Clock): Promise<void> {
  const client = new pg.Client({ ...config, application_name: 'secflow start' })
  client.on('error', () => {})
  try {
    await client.connect()
    await checkServer(client)
    await migrate(client, migrations, clock.now())
  } catch (error) {
    throw faultOf(error)
  } finally {
    await client.end().catch(() => {})
  }
}

/** A read is asked again when its connection was gone: after a restart of the server the pool is full of such. */
function reading(pool: pg.Pool): Db {
  return dbOver(async (config, values) => {
    try {
      return await pool.query(config as pg.QueryConfig, values)
    } catch (error) {
      if (!isLost(error)) throw faultOf(error)
    }
    return await pool.query(config as pg.QueryConfig, values).catch((error: unknown) => {
      throw faultOf(error)
    })
  })
}
