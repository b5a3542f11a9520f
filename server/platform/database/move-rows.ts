/** Rows of any table, in the order of their key, page by page within bounded memory. */
import type { Db } from './database.ts'
import { orm } from './drizzle.ts'
import type { TablePlan } from './move-order.ts'
import type { Tables } from './tables.ts'

const { and, asc, eq, sql } = orm

export type Row = Readonly<Record<string, unknown>>
export type Key = readonly (string | number)[]

const MOST_ROWS = 500
/** About so many bytes in a page; a policy version alone may have megabytes. */
const PAGE = 2_097_152

export interface End {
  readonly db: Db
  readonly tables: Tables
}

/** Every table has the same methods; their row types do not matter here. */
export function tableOf({ tables }: Pick<End, 'tables'>, { name }: TablePlan): Tables['message'] {
  return tables[name] as unknown as Tables['message']
}

export function columnsOf(end: Pick<End, 'tables'>, plan: TablePlan) {
  const columns = orm.getTableColumns(tableOf(end, plan)) as unknown as Record<string, Tables['message']['id']>
  return plan.key.map((property) => columns[property]!)
}

export const keyOf = (row: Row, { key }: TablePlan): Key => key.map((property) => row[property] as string | number)

/** As both engines sort: text by its UTF-8 bytes. */
export function compareKeys(a: Key, b: Key): number {
  for (const [at, left] of a.entries()) {
    const right = b[at]!
    const order =
      typeof left === 'number'
        ? left - (right as number)
        : Buffer.compare(Buffer.from(left), Buffer.from(String(right)))
    if (order !== 0) return order
  }
  return 0
}

/** All rows, or those of one tenant after a key. */
export async function* rowsOf(end: End, plan: TablePlan, after: Key | null = null): AsyncGenerator<Row> {
  const columns = columnsOf(end, plan)
  const order = columns.map((column) => asc(column))
  let limit = 50
  for (let last = after; ; ) {
    const above =
      last === null
        ? undefined
        : sql`(${sql.join(columns, sql`, `)}) > (${sql.join(
            last.map((value) => sql`${value}`),
            sql`, `,
          )})`
    const rows: readonly Row[] = await end.db
      .select()
      .from(tableOf(end, plan))
      .where(above)
      .orderBy(...order)
      .limit(limit)
    yield* rows
    if (rows.length < limit) return
    last = keyOf(rows.at(-1)!, plan)
    const bytes = rows.reduce((sum, row) => sum + weight(row), 0)
    limit = Math.max(1, Math.min(MOST_ROWS, Math.floor(PAGE / Math.max(1, bytes / rows.length))))
  }
}

/** About as many bytes as a row takes. */
export function weight(row: Row): number {
  let bytes = 0
  for (const value of Object.values(row)) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) bytes += value.length
    else if (typeof value === 'object' && value !== null) bytes += JSON.stringify(value).length
    else bytes += 8
  }
  return bytes
}

/** The condition that a row has this key. */
export function hasKey(end: Pick<End, 'tables'>, plan: TablePlan, key: Key) {
  return and(...columnsOf(end, plan).map((column, at) => eq(column, key[at] as string)))
}

export function sameRow(a: Row, b: Row): boolean {
  for (const [property, value] of Object.entries(a)) if (!sameValue(value, b[property])) return false
  return true
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b)
  // With the order of its keys: what was hashed or signed must stay as it was written.
  return JSON.stringify(a) === JSON.stringify(b)
}
