/** PostgreSQL's columns under the names that `tables/` uses. Its types are the canonical ones: await-only, so nothing synchronous leaks. */
import { pgCore } from './drizzle.ts'

const { bigint, boolean, customType, foreignKey, index, pgTable, primaryKey, text, uniqueIndex } = pgCore()

export const columns = {
  table: pgTable,
  text: (name: string) => text(name),
  /** Counts, sizes in bytes, epoch milliseconds: up to 2^53. */
  int: (name: string) => bigint(name, { mode: 'number' }),
  flag: (name: string) => boolean(name),
  /**
   * `json`, not `jsonb`: keeps the text as written, with its order of keys. Own type because drizzle's writes null as the
   * JSON `null` from a prepared statement and parses a stored string a second time; the driver has parsed it already.
   */
  json: <T>(name: string) =>
    customType<{ data: T; driverData: unknown }>({
      dataType: () => 'json',
      toDriver: (value) => (value === null ? null : JSON.stringify(value)),
      fromDriver: (value) => value as T,
    })(name),
  bytes: customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' }),
  foreignKey,
  index,
  primaryKey,
  uniqueIndex,
}

export type Columns = typeof columns
