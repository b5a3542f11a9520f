/** SQLite's columns under the names that `tables.ts` uses. */
import {
  blob,
  customType,
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text as sqliteText,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'

export const table = sqliteTable
export { foreignKey, index, primaryKey, uniqueIndex }
export const text = (name: string) => sqliteText(name)
export const int = (name: string) => integer(name, { mode: 'number' })
export const flag = (name: string) => integer(name, { mode: 'boolean' })
/** Own type because drizzle's writes null as the text `null` from a prepared statement. */
export const json = <T>(name: string) =>
  customType<{ data: T; driverData: string | null }>({
    dataType: () => 'text',
    toDriver: (value) => (value === null ? null : JSON.stringify(value)),
    fromDriver: (value) => JSON.parse(value as string) as T,
  })(name)
export const bytes = (name: string) => blob(name, { mode: 'buffer' })
