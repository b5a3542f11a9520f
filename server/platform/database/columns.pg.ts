/** PostgreSQL's columns under the names that `tables.ts` uses. Its types are the canonical ones: await-only, so nothing synchronous leaks. */
import {
  bigint,
  boolean,
  customType,
  foreignKey,
  index,
  json as pgJson,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

export const table = pgTable
export { foreignKey, index, primaryKey, text, uniqueIndex }
/** Counts, sizes in bytes, epoch milliseconds: up to 2^53. */
export const int = (name: string) => bigint(name, { mode: 'number' })
export const flag = (name: string) => boolean(name)
/** `json`, not `jsonb`: keeps the text as written, with its order of keys. */
export const json = <T>(name: string) => pgJson(name).$type<T>()
export const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })
