import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'
import { Fault } from '../../../shared/fault/index.ts'
import type { Db } from './database.ts'
import { sqliteCore, sqliteDriver } from './drizzle.ts'
import { sqliteMigrations } from './migrations/sqlite/index.ts'
import { moved, setSqliteMark, sqliteMarksIn } from './move-marks.ts'
import type { End } from './move-rows.ts'
import { tables } from './schema.sqlite.ts'
import { isBusy, sqliteFault } from './sqlite/faults.ts'
import { migrate } from './sqlite/migrate.ts'

/** How long the source's write lock is waited for, in ms; its gateway holds it for milliseconds. */
const PATIENCE = 30_000

export interface MoveSource extends End {
  /** Marks found on it. */
  readonly marks: readonly string[]
  /** From here on reads see one moment, whatever is written meanwhile. */
  snapshot(): void
  /** Ends a snapshot or the lock; nothing was changed. */
  release(): void
  /** From here on nobody else writes. Waits for whoever does. */
  lock(): Promise<void>
  /** Ends the lock and leaves the source so that nothing can ever be written to it again. */
  seal(id: string): void
  close(): void
}

/**
 * Opens the database to be moved. Without `online` it is nobody else's from here on: `move-refused` when a gateway has it
 * open. With it, the schema must be this version's already, since a running gateway's is not ours to change.
 */
export function openMoveSource(file: string, { online }: { online: boolean }): MoveSource {
  if (!existsSync(file)) throw new Fault('move-refused', `there is no database ${file}`)
  const connection = new BetterSqlite(file, { timeout: online ? 200 : 1_000 })
  let marks: string[]
  try {
    // With a WAL this asks for the only connection, and keeps everybody else out.
    if (!online) connection.pragma('locking_mode = EXCLUSIVE')
    connection.pragma('synchronous = FULL')
    if (!online) connection.exec('begin exclusive; commit')
    marks = sqliteMarksIn(connection)
    if (marks.length === 0) checkSchema(connection, online)
  } catch (error) {
    connection.close()
    if (isBusy(error))
      throw new Fault('move-refused', 'a gateway has the source open: stop it, or move with --online', { cause: error })
    throw sqliteFault(error)
  }

  const end = () => {
    if (connection.inTransaction) connection.exec('commit')
  }
  return {
    db: sqliteDriver().drizzle({ client: connection }) as unknown as Db,
    tables,
    marks,
    snapshot() {
      end()
      connection.exec('begin')
    },
    release: end,
    async lock() {
      end()
      for (const deadline = Date.now() + PATIENCE; ; await pause(5)) {
        try {
          connection.exec('begin immediate')
          return
        } catch (error) {
          if (!isBusy(error) || Date.now() > deadline) throw sqliteFault(error)
        }
      }
    },
    seal(id) {
      for (const table of Object.values(tables)) {
        const name = sqliteCore.getTableConfig(table as never).name
        for (const change of ['insert', 'update', 'delete']) {
          connection.exec(
            `create trigger if not exists "moved_${name}_${change}" before ${change} on "${name}" begin select raise(abort, 'has moved'); end`,
          )
        }
      }
      setSqliteMark(connection, moved(id))
      connection.exec('commit')
    },
    close() {
      if (connection.inTransaction) connection.exec('rollback')
      connection.close()
    },
  }
}

function checkSchema(connection: BetterSqlite.Database, online: boolean): void {
  if (!online) {
    migrate(connection, sqliteMigrations, Date.now())
    return
  }
  const there = connection.prepare("select 1 from sqlite_schema where name = 'schema_migration'").get()
  const applied = there ? connection.prepare<[], string>('select name from schema_migration').pluck().all() : []
  const known = sqliteMigrations.map(({ name }) => name)
  if (applied.length !== known.length || known.some((name) => !applied.includes(name)))
    throw new Fault('move-refused', 'the gateway that runs is of another version: update it first')
}
