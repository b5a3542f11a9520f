/** Every table of the definition, in an order in which rows can be written: what is pointed at comes first. */
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { orm, sqliteCore } from './drizzle.ts'
import { tables as sqliteTables } from './schema.sqlite.ts'
import type { Tables } from './tables.ts'

export interface TablePlan {
  readonly name: keyof Tables
  /** Properties of the primary key, in its order. */
  readonly key: readonly string[]
}

/** Made from the definition: a new table is moved without a word here. */
export function tablesInOrder(tables: Tables = sqliteTables): readonly TablePlan[] {
  const waiting = (Object.keys(tables) as (keyof Tables)[]).map((name) => {
    const table = tables[name] as unknown as SQLiteTable
    const { name: sqlName, primaryKeys, foreignKeys } = sqliteCore.getTableConfig(table)
    const properties = new Map(
      Object.entries(orm.getTableColumns(table)).map(([property, { name }]) => [name, property]),
    )
    const key = (primaryKeys[0]?.columns ?? []).map((column) => properties.get(column.name)!)
    if (key.length === 0) throw new Error(`the table ${sqlName} has no primary key to move it by`)
    const needs = foreignKeys.map((foreign) => sqliteCore.getTableConfig(foreign.reference().foreignTable).name)
    return { plan: { name, key }, sqlName, needs: needs.filter((other) => other !== sqlName) }
  })
  const ordered: TablePlan[] = []
  const done = new Set<string>()
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ needs }) => needs.every((other) => done.has(other)))
    if (at < 0) throw new Error('tables point at each other in a circle')
    const [next] = waiting.splice(at, 1)
    ordered.push(next!.plan)
    done.add(next!.sqlName)
  }
  return ordered
}
