import type BetterSqlite from 'better-sqlite3'
import { Fault } from '../../../../shared/fault/index.ts'

/** One reviewed step of the schema. Applied once, in order of its name, never changed after a release. */
export interface Migration {
  /** `0001_journey`: number, then what it brings. */
  readonly name: string
  readonly sql: string
}

/**
 * Brings the schema up to date under an exclusive lock; one that is needs no lock, whatever other processes write. Raises `schema-unknown` when the database was written by a newer
 * version: better not to start than to write rows that version does not understand.
 */
export function migrate(connection: BetterSqlite.Database, migrations: readonly Migration[], now: number): void {
  if (isUpToDate(connection, migrations)) return
  connection.exec('begin exclusive')
  try {
    connection.exec(
      'create table if not exists schema_migration (name text primary key not null, applied_at integer not null) strict',
    )
    const applied = new Set(connection.prepare<[], string>('select name from schema_migration').pluck().all())
    const known = new Set(migrations.map(({ name }) => name))
    const unknown = [...applied].filter((name) => !known.has(name))
    if (unknown.length > 0) throw new Fault('schema-unknown', unknown.join(', '))
    for (const { name, sql } of migrations) {
      if (applied.has(name)) continue
      connection.exec(sql)
      connection.prepare('insert into schema_migration values (?, ?)').run(name, now)
    }
    connection.exec('commit')
  } catch (error) {
    if (connection.inTransaction) connection.exec('rollback')
    throw error
  }
}

function isUpToDate(connection: BetterSqlite.Database, migrations: readonly Migration[]): boolean {
  const table = connection.prepare("select 1 from sqlite_schema where name = 'schema_migration'").get()
  if (table === undefined) return false
  const applied = connection.prepare<[], string>('select name from schema_migration').pluck().all()
  return applied.length === migrations.length && migrations.every(({ name }) => applied.includes(name))
}
