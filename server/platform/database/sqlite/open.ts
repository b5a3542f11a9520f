import { closeSync, fdatasync as fdatasyncOf, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import BetterSqlite from 'better-sqlite3'
import type { Clock } from '../../../ports/clock.ts'
import { type Log, silentLog } from '../../../ports/log.ts'
import type { Store } from '../../../ports/store.ts'
import type { Database, Db } from '../database.ts'
import { oneByOne } from '../dialect.ts'
import { sqliteDriver } from '../drizzle.ts'
import { sqliteMigrations } from '../migrations/sqlite/index.ts'
import { tables } from '../schema.sqlite.ts'
import { storeOver } from '../store.ts'
import { type CheckpointLimits, Checkpoints } from './checkpoints.ts'
import { sqliteFault } from './faults.ts'
import { WalFlush } from './flush.ts'
import { GroupCommit } from './group-commit.ts'
import { migrate } from './migrate.ts'

const { drizzle } = sqliteDriver()
const fdatasync = promisify(fdatasyncOf)

export interface SqliteOptions {
  /** Path of the database file; made with mode 0600 when it is missing. */
  readonly file: string
  readonly clock: Clock
  readonly log?: Log
  /** How long a unit waits for a lock of another process, in ms. */
  readonly busyMs?: number
  /** How long one unit of work may take, in ms. */
  readonly unitMs?: number
  /** For tests of a disk that fails. */
  readonly fdatasync?: (descriptor: number) => Promise<void>
  readonly checkpoints?: Partial<CheckpointLimits>
}

/** Opens the embedded store and brings its schema up to date. Raises `store-unavailable`, `disk-full` or `schema-unknown`. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  return storeOver(openSqlite(options), options.clock, options.log ?? silentLog)
}

/**
 * The engine under the embedded store: a writing and a reading connection, WAL. Commits are flushed by us, as
 * `synchronous=FULL` would, but not on the event loop; checkpoints run in a thread (docs/decisions/0023).
 */
export function openSqlite(options: SqliteOptions): Database & { commits(): number; flushes(): number } {
  const { file, clock, log = silentLog, busyMs = 5_000, unitMs = 5_000 } = options
  let writer: BetterSqlite.Database | undefined
  let reader: BetterSqlite.Database | undefined
  let wals: readonly number[]
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    writer = connect(file, false)
    migrate(writer, sqliteMigrations, clock.now())
    startAnew(writer)
    reader = connect(file, true)
    // From here on, waiting for a lock is the group commit's business: SQLite would sleep with the event loop in its hands.
    for (const connection of [writer, reader]) connection.pragma('busy_timeout = 20')
    // SQLite holds no locks on the WAL itself, so descriptors of our own do not break any when they are closed.
    wals = [openSync(`${file}-wal`, 'r+'), openSync(`${file}-wal`, 'r+')]
    flushFolder(dirname(file))
  } catch (error) {
    reader?.close()
    writer?.close()
    throw sqliteFault(error)
  }
  const db = drizzle({ client: writer }) as unknown as Db
  const read = drizzle({ client: reader }) as unknown as Db
  const sync = options.fdatasync ?? fdatasync
  const flush = new WalFlush(
    wals.map((wal) => () => sync(wal)),
    (error) => log.error('store.disk-failed', { error: String(error) }),
  )
  const checkpoints = new Checkpoints({
    file,
    log,
    onDiskFailure: (error) => flush.fail(error),
    onNoThread: () => writer.open && writer.pragma('wal_autocheckpoint = 1000'),
    ...(options.checkpoints ? { limits: options.checkpoints } : {}),
  })
  const version = writer.prepare<[], number>('pragma data_version').pluck()
  const group = new GroupCommit({ connection: writer, db, flush, checkpoints, busyMs, unitMs })
  return {
    dialect: oneByOne,
    tables,
    read,
    // The writer's cache is warm; the reader's is empty after every commit. Inside a transaction it sees what is not committed.
    quick: () => (writer.open && !writer.inTransaction ? db : read),
    watch: {
      others: () => versionOf(version),
      atRest: () => writer.open && !writer.inTransaction,
    },
    settled: () => flush.settled(),
    write: (work, kind) => group.write(work, kind),
    fault: sqliteFault,
    commits: () => group.commits,
    flushes: () => flush.flushes,
    async close() {
      await group.close()
      await checkpoints.close()
      reader.close()
      writer.close()
      for (const wal of wals) closeSync(wal)
    },
  }
}

/**
 * Empties the WAL that an earlier process left. If the disk failed under it, frames may stand in the kernel's memory and
 * not on the disk: what follows them there would be lost with them. Copied into the database they are written anew.
 */
function startAnew(writer: BetterSqlite.Database): void {
  // Not at the cost of a start that waits: while another process writes, the WAL is that one's business.
  writer.pragma('busy_timeout = 200')
  writer.pragma('wal_checkpoint(truncate)')
}

/** Not a number, equal to none, where the database does not say: whoever reads hears why. */
function versionOf(statement: BetterSqlite.Statement<[], number>): number {
  try {
    return statement.get() ?? Number.NaN
  } catch {
    return Number.NaN
  }
}

/** The names of database and WAL are on disk. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function connect(file: string, readonly: boolean): BetterSqlite.Database {
  const connection = new BetterSqlite(file, { readonly, timeout: 5_000 })
  try {
    if (!readonly) connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = NORMAL')
    connection.pragma('wal_autocheckpoint = 0')
    connection.pragma('journal_size_limit = 67108864')
    connection.pragma('foreign_keys = ON')
    connection.pragma('trusted_schema = OFF')
    // KiB. The warm pages are those of the last few minutes' mail; the system's own cache has the rest.
    connection.pragma(`cache_size = ${readonly ? -4_000 : -8_000}`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}
