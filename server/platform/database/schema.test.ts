import BetterSqlite from 'better-sqlite3'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgCore, sqliteCore } from './drizzle.ts'
import { sqliteMigrations } from './migrations/sqlite/index.ts'
import * as pg from './schema.pg.ts'
import * as sqlite from './schema.sqlite.ts'
import { migrate } from './sqlite/migrate.ts'

const { getTableConfig, SQLiteSyncDialect } = sqliteCore
const { getTableConfig: pgTableConfig } = pgCore()

const defined = Object.values(sqlite.tables).map((table) => getTableConfig(table as unknown as SQLiteTable))
let db: BetterSqlite.Database

beforeAll(() => {
  db = new BetterSqlite(':memory:')
  migrate(db, sqliteMigrations, 1)
})
afterAll(() => db.close())

type Row = Record<string, string | number | null>
const pragma = (text: string) => db.pragma(text) as Row[]

test('the migrations make exactly the tables of the definition', () => {
  const made = pragma('table_list').filter((t) => t.schema === 'main' && !String(t.name).startsWith('sqlite_'))
  expect(made.map((t) => t.name).sort()).toEqual([...defined.map((t) => t.name), 'schema_migration'].sort())
  expect(made.every((t) => t.strict === 1)).toBe(true)
})

describe.each(defined)('$name', (table) => {
  test('columns, types, nullability and primary key', () => {
    const key = table.primaryKeys[0]!.columns.map((c) => c.name)
    const made = pragma(`table_info(${table.name})`)
    expect(made.map((c) => [c.name, String(c.type).toLowerCase(), c.notnull, c.pk])).toEqual(
      table.columns.map((c) => [c.name, c.getSQLType(), c.notNull ? 1 : 0, key.indexOf(c.name) + 1]),
    )
  })

  test('indexes', () => {
    const made = pragma(`index_list(${table.name})`)
      .filter((i) => i.origin === 'c')
      .map((i) => ({
        name: i.name,
        unique: i.unique === 1,
        columns: pragma(`index_info(${i.name})`).map((c) => c.name),
        where: (db.prepare('select sql from sqlite_schema where name = ?').pluck().get(i.name) as string).split(
          ' where ',
        )[1],
      }))
    const dialect = new SQLiteSyncDialect()
    const wanted = table.indexes.map(({ config }) => ({
      name: config.name,
      unique: config.unique,
      columns: config.columns.map((c) => (c as { name: string }).name),
      where: config.where ? dialect.sqlToQuery(config.where).sql : undefined,
    }))
    const byName = (a: { name: unknown }, b: { name: unknown }) => (String(a.name) < String(b.name) ? -1 : 1)
    expect(made.sort(byName)).toEqual(wanted.sort(byName))
  })

  test('foreign keys', () => {
    const wanted = table.foreignKeys.flatMap((f) => {
      const { columns, foreignColumns, foreignTable } = f.reference()
      return columns.map((c, i) => [getTableConfig(foreignTable).name, c.name, foreignColumns[i]!.name, f.onDelete])
    })
    const made = pragma(`foreign_key_list(${table.name})`).map((f) => [
      f.table,
      f.from,
      f.to,
      String(f.on_delete).toLowerCase(),
    ])
    expect(made).toEqual(wanted)
  })

  test('the tenant stands first in every key and index', () => {
    expect(table.primaryKeys.map((k) => k.columns[0]!.name)).toEqual(['tenant'])
    const open = table.indexes.filter(({ config }) => (config.columns[0] as { name: string }).name !== 'tenant')
    expect(open.map(({ config }) => config.name)).toEqual(table.name === 'job' ? ['job_lane'] : [])
    for (const foreign of table.foreignKeys) expect(foreign.reference().columns[0]!.name).toBe('tenant')
  })
})

test('both engines have the same tables and columns', () => {
  const shape = (name: string, columns: { name: string; notNull: boolean }[]) => [
    name,
    columns.map((c) => [c.name, c.notNull]),
  ]
  expect(
    Object.values(pg.tables).map((t) => {
      const config = pgTableConfig(t)
      return shape(config.name, config.columns)
    }),
  ).toEqual(defined.map((t) => shape(t.name, t.columns)))
})

test('a database of a newer version is refused', () => {
  const newer = new BetterSqlite(':memory:')
  migrate(newer, [...sqliteMigrations, { name: '9999_future', sql: 'create table future (x text) strict' }], 1)
  expect(() => migrate(newer, sqliteMigrations, 2)).toThrow('schema-unknown')
  expect(newer.inTransaction).toBe(false)
  newer.close()
})

test('a migration that fails leaves nothing', () => {
  const fresh = new BetterSqlite(':memory:')
  const broken = { name: '0002_broken', sql: 'create table half (x text); create table half (x text)' }
  expect(() => migrate(fresh, [...sqliteMigrations, broken], 1)).toThrow('half')
  expect(fresh.pragma('table_list')).toHaveLength(2) // sqlite_schema and sqlite_temp_schema
  fresh.close()
})
