/** An installation with rows in every table that the definition has, whatever is added to it. */
import type { Column } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { systemClock } from '../../server/platform/clock.ts'
import { orm, sqliteCore } from '../../server/platform/database/drizzle.ts'
import { tablesInOrder } from '../../server/platform/database/move-order.ts'
import { tables } from '../../server/platform/database/schema.sqlite.ts'
import { openSqlite } from '../../server/platform/database/sqlite/open.ts'
import { storeOver } from '../../server/platform/database/store.ts'
import { silentLog } from '../../server/ports/log.ts'
import { tenantId } from '../../shared/domain/index.ts'

type Row = Record<string, unknown>

/** Fills a new database: `rows` in each table for each tenant, the audit log as a true chain. */
export async function fillDatabase(file: string, tenants: readonly string[], rows: number): Promise<void> {
  const database = openSqlite({ file, clock: systemClock })
  const made = new Map<string, Row[]>()
  for (const { name } of tablesInOrder()) {
    if (name === 'audit') continue
    const table = tables[name] as unknown as SQLiteTable
    const config = sqliteCore.getTableConfig(table)
    const all = tenants.flatMap((tenant) => Array.from({ length: rows }, (_, at) => ({ tenant, at })))
    const values = all.map(({ tenant, at }, index) => {
      const row: Row = {}
      for (const [property, column] of Object.entries(orm.getTableColumns(table) as Record<string, Column>))
        row[property] = property === 'tenant' ? tenant : fieldOf(column, at, config.name)
      for (const foreign of config.foreignKeys) {
        const { columns, foreignColumns, foreignTable } = foreign.reference()
        const parent = made.get(sqliteCore.getTableConfig(foreignTable).name)![index]!
        for (const [n, column] of columns.entries())
          row[propertyOf(table, column)] = parent[propertyOf(foreignTable, foreignColumns[n]!)]
      }
      return row
    })
    made.set(config.name, values)
    await database.write(async ({ db }) => {
      for (let at = 0; at < values.length; at += 100)
        await db.insert(tables[name] as (typeof tables)['message']).values(values.slice(at, at + 100) as never)
    })
  }
  const store = storeOver(database, systemClock, silentLog)
  for (const tenant of tenants) {
    await store.tenant(tenantId(tenant)).write(async (tx) => {
      for (let at = 0; at < rows; at++)
        await tx.appendAudit({
          time: at,
          type: 'message.accepted',
          message: null,
          actor: 'test',
          detail: { at, ö: '€' },
        })
    })
  }
  await store.close()
}

const propertyOf = (table: SQLiteTable, column: { name: string }): string =>
  Object.entries(orm.getTableColumns(table)).find(([, { name }]) => name === column.name)![0]

/** Different in each row, with characters that sort differently in UTF-8 and UTF-16, and null where that is allowed. */
function fieldOf(column: Column, at: number, table: string): unknown {
  if (!column.notNull && at % 3 === 0) return null
  switch (column.columnType) {
    case 'SQLiteText':
      return `${['a', 'Z', 'é', '\u{ff5e}', '\u{1f600}'][at % 5]}-${table}-${column.name}-${at}`
    case 'SQLiteInteger':
      return at * 1_000_003
    case 'SQLiteBoolean':
      return at % 2 === 0
    case 'SQLiteCustomColumn':
      return { b: at, a: ['ü', null, 1.5], '10': 'x' }
    default:
      return Buffer.from([at % 256, 0, 255])
  }
}
