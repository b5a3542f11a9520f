/** Values of statements that are prepared once: a placeholder for each column, under the column's name in the table. */
import type { SQL } from 'drizzle-orm'
import type { AnyPgTable, PgInsertValue, PgUpdateSetSource } from 'drizzle-orm/pg-core'
import { orm } from './drizzle.ts'

const { getTableColumns, sql } = orm

/** A whole row to insert. */
export function everyColumn<T extends AnyPgTable>(table: T): PgInsertValue<T> {
  const columns = Object.keys(getTableColumns(table))
  return Object.fromEntries(columns.map((name) => [name, sql.placeholder(name)])) as PgInsertValue<T>
}

/** The named columns to set. */
export function columnsOf<T extends AnyPgTable>(table: T, names: readonly string[]): PgUpdateSetSource<T> {
  const columns = getTableColumns(table)
  return Object.fromEntries(
    names.map((name) => [name, sql`${sql.param(sql.placeholder(name), columns[name])}`]),
  ) as PgUpdateSetSource<T>
}

/**
 * A placeholder by whose value no plan is chosen. SQLite prepares a statement anew whenever a value changes that its planner looked
 * at (a bare one in a join, below an order, as a limit), and that costs five to ten times what running it does.
 */
export const unplanned = (name: string, type: 'text' | 'bigint' = 'text'): SQL =>
  sql`cast(${sql.placeholder(name)} as ${sql.raw(type)})`
