/**
 * What stands in `schema_migration` of an installation that is not whole: no gateway starts on it (`schema-unknown`),
 * whichever version it is, because nobody knows a step of that name.
 */
import { existsSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import type { DatabasePlace } from './open.ts'

/** On a target until everything is there and proven. */
export const incomplete = (id: string) => `not complete: secflow migrate ${id}`
/** On a source once the target is complete. */
export const moved = (id: string) => `has moved: secflow migrate ${id}`

const MARK = /^(?:not complete|has moved): secflow migrate /

export interface Marks {
  all(): Promise<readonly string[]>
  set(mark: string): Promise<void>
  clear(mark: string): Promise<void>
}

/** The marks of a database that nobody has opened yet; none where there is no database. */
export async function marksOf(place: DatabasePlace): Promise<Marks> {
  return place.kind === 'sqlite' ? sqliteMarks(place.file) : postgresMarks(place)
}

function sqliteMarks(file: string): Marks {
  async function ask<T>(work: (connection: BetterSqlite.Database) => T): Promise<T> {
    const connection = new BetterSqlite(file, { timeout: 10_000 })
    try {
      return work(connection)
    } finally {
      connection.close()
    }
  }
  return {
    async all() {
      if (!existsSync(file)) return []
      return ask((connection) => sqliteMarksIn(connection))
    },
    set: (mark) => ask((connection) => void setSqliteMark(connection, mark)),
    clear: (mark) =>
      ask((connection) => void connection.prepare('delete from schema_migration where name = ?').run(mark)),
  }
}

export function sqliteMarksIn(connection: BetterSqlite.Database): string[] {
  if (!connection.prepare("select 1 from sqlite_schema where name = 'schema_migration'").get()) return []
  const names = connection.prepare<[], string>('select name from schema_migration').pluck().all()
  return names.filter((name) => MARK.test(name))
}

export function setSqliteMark(connection: BetterSqlite.Database, mark: string): void {
  connection.prepare('insert or ignore into schema_migration (name, applied_at) values (?, ?)').run(mark, Date.now())
}

async function postgresMarks(place: Extract<DatabasePlace, { kind: 'postgres' }>): Promise<Marks> {
  const { markingPostgres } = await import('./postgres/marks.ts')
  const { all, set, clear } = markingPostgres(place)
  return { all: async () => (await all()).filter((name) => MARK.test(name)), set, clear }
}
