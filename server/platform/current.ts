import { existsSync } from 'node:fs'
import type { DatabasePlace } from './database/open.ts'

/**
 * Whether opening the store would change nothing: it is there, and its schema is this version's. False as well where that cannot be
 * found out.
 */
export async function isCurrent(place: DatabasePlace): Promise<boolean> {
  try {
    return place.kind === 'sqlite' ? await isCurrentFile(place.file) : await isCurrentServer(place)
  } catch {
    return false
  }
}

async function isCurrentFile(file: string): Promise<boolean> {
  if (!existsSync(file)) return false
  const { default: BetterSqlite } = await import('better-sqlite3')
  const { sqliteMigrations } = await import('./database/migrations/sqlite/index.ts')
  const connection = new BetterSqlite(file, { readonly: true, fileMustExist: true, timeout: 2_000 })
  try {
    const applied = connection.prepare<[], string>('select name from schema_migration').pluck().all()
    return applied.length === sqliteMigrations.length && sqliteMigrations.every(({ name }) => applied.includes(name))
  } finally {
    connection.close()
  }
}

async function isCurrentServer(place: Extract<DatabasePlace, { kind: 'postgres' }>): Promise<boolean> {
  const { examinePostgres } = await import('./database/postgres/examine.ts')
  return (await examinePostgres(place, () => Date.now())).toApply.length === 0
}
