import type { Columns } from './columns.pg.ts'
import { columns } from './columns.sqlite.ts'
import { defineTables } from './tables.ts'

/** The tables as SQLite has them; typed as PostgreSQL's, the one cast that lets every query stand once. */
export const tables = defineTables(columns as unknown as Columns)
