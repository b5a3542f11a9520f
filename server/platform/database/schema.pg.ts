import { columns } from './columns.pg.ts'
import { defineTables } from './tables.ts'

/** The tables as PostgreSQL has them. */
export const tables = defineTables(columns)
