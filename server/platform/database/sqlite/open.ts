import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import type { Clock } from '../../../ports/clock.ts'
import { type Log, silentLog } from '../../../ports/log.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database, Db } from '../database.ts'
import { sqliteDriver } from '../drizzle.ts'
import { sqliteMigrations } from '../migrations/sqlite/index.ts'
import { tables } from '../schema.sqlite.ts'
import { storeOver } from '../store.ts'
import { sqliteFault } from './faults.ts'
import { GroupCommit } from './group-commit.ts'
import { migrate } from './migrate.ts'

const { drizzle } = sqliteDriver()

export interface SqliteOptions {
  /** Path of the database file; made with mode 0600 when it is missing. */
  readonly file: string
  readonly clock: Clock
  readonly log?: Log
  /** How long a unit waits for a lock of another process, in ms. */
  readonly busyMs?: number
  /** How long one unit of work may take, in ms. */
  readonly unitMs?: number
}

/** Opens the embedded store and brings its schema up to date. Raises `store-unavailable`, `disk-full` or `schema-unknown`. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  return storeOver(openSqlite(options), options.clock, options.log ?? silentLog)
}

/** The engine under the embedded store: one writing and one reading connection, WAL, synchronous=FULL. */
export function openSqlite(options: SqliteOptions): Database & { commits(): number; flushes(): number } {
  const { file, clock, busyMs = 5_000, unitMs = 5_000 } = options
  let writer: BetterSqlite.Database | undefined
  let reader: BetterSqlite.Database | undefined
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    writer = connect(file, false)
    migrate(writer, sqliteMigrations, clock.now())
    reader = connect(file, true)
    // From here on, waiting for a lock is the group commit's business: SQLite would sleep with the event loop in its hands.
    for (const connection of [writer, reader]) connection.pragma('busy_timeout = 20')
  } catch (error) {
    writer?.close()
    throw sqliteFault(error)
  }
  const db = drizzle({ client: writer }) as unknown as Db
  const group = new GroupCommit(writer, db, { busyMs, unitMs })
  return {
    dialect: 'sqlite',
    tables,
    read: drizzle({ client: reader }) as unknown as Db,
    write: (work, kind) => group.write(work, kind),
    fault: sqliteFault,
    commits: () => group.commits,
    flushes: () => group.flushes,
    async close() {
      await group.close()
      reader.close()
      writer.close()
    },
  }
}

function connect(file: string, readonly: boolean): BetterSqlite.Database {
  const connection = new BetterSqlite(file, { readonly, timeout: 5_000 })
  try {
    if (!readonly) connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = FULL')
    connection.pragma('foreign_keys = ON')
    connection.pragma('trusted_schema = OFF')
    connection.pragma('cache_size = -16000')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}
