import { columns } from './columns.sqlite.ts'
import { type Columns, defineTables } from './tables.ts'

/** The tables as SQLite has them; typed as PostgreSQL's, the one cast that lets every query stand once. */
export const tables = defineTables(columns as unknown as Columns)
