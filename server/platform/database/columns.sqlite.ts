/** SQLite's columns under the names that `tables/` uses. */
import { sqliteCore } from './drizzle.ts'

const { blob, customType, foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } = sqliteCore

export const columns = {
  table: sqliteTable,
  text: (name: string) => text(name),
  int: (name: string) => integer(name, { mode: 'number' }),
  flag: (name: string) => integer(name, { mode: 'boolean' }),
  /** Own type because drizzle's writes null as the text `null` from a prepared statement. */
  json: <T>(name: string) =>
    customType<{ data: T; driverData: string | null }>({
      dataType: () => 'text',
      toDriver: (value) => (value === null ? null : JSON.stringify(value)),
      fromDriver: (value) => JSON.parse(value as string) as T,
    })(name),
  bytes: (name: string) => blob(name, { mode: 'buffer' }),
  foreignKey,
  index,
  primaryKey,
  uniqueIndex,
}
