import BetterSqlite from 'better-sqlite3'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../../test/support/postgres.ts'
import { pgCore } from '../drizzle.ts'
import { postgresMigrations } from '../migrations/postgres/index.ts'
import { sqliteMigrations } from '../migrations/sqlite/index.ts'
import * as schema from '../schema.pg.ts'
import { migrate as migrateSqlite } from '../sqlite/migrate.ts'
import { appliedTo, type Migration, migrate } from './migrate.ts'

const { getTableConfig, PgDialect } = pgCore()
const defined = Object.values(schema.tables).map((table) => getTableConfig(table))
const dialect = new PgDialect()

let server: PostgresServer
let client: pg.Client
let sqlite: BetterSqlite.Database

beforeAll(async () => {
  server = await startPostgres()
  client = await connected('compared')
  await migrate(client, postgresMigrations, 1)
  sqlite = new BetterSqlite(':memory:')
  migrateSqlite(sqlite, sqliteMigrations, 1)
})
afterAll(async () => {
  sqlite.close()
  await client.end()
  await server.stop()
})

async function connected(database: string): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: await server.create(database) })
  await made.connect()
  return made
}

const rows = async (text: string, values: unknown[] = []) =>
  (await client.query<Record<string, string>>(text, values)).rows

test('both engines take the same steps', () => {
  expect(postgresMigrations.map(({ name }) => name)).toEqual(sqliteMigrations.map(({ name }) => name))
})

test('the migrations make exactly the tables of the definition', async () => {
  const made = await rows("select table_name as name from information_schema.tables where table_schema = 'public'")
  expect(made.map(({ name }) => name).sort()).toEqual([...defined.map(({ name }) => name), 'schema_migration'].sort())
})

/** SQLite's type of a column for each of PostgreSQL's. */
const IN_SQLITE: Record<string, string> = {
  text: 'text',
  json: 'text',
  bigint: 'integer',
  boolean: 'integer',
  bytea: 'blob',
}

describe.each(defined)('$name', (table) => {
  test('columns stand as in the definition, and column by column as in SQLite', async () => {
    const made = await rows(
      `select column_name as name, data_type as type, is_nullable as nullable, collation_name as collation
         from information_schema.columns where table_name = $1 order by ordinal_position`,
      [table.name],
    )
    const found = made.map(({ name, type, nullable }) => [name, type, nullable === 'NO'])
    const byName = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
    expect(found.toSorted(byName)).toEqual(
      table.columns.map((c) => [c.name, c.getSQLType(), c.notNull]).toSorted(byName),
    )
    const other = sqlite.pragma(`table_info(${table.name})`) as { name: string; type: string; notnull: number }[]
    expect(found.map(([name, type, notNull]) => [name, IN_SQLITE[String(type)], notNull])).toEqual(
      other.map(({ name, type, notnull }) => [name, type.toLowerCase(), notnull === 1]),
    )
    // Whatever the database's locale, text sorts by its bytes, as it does in SQLite.
    for (const { type, collation } of made) if (type === 'text') expect(collation).toBe('C')
  })

  test('keys, indexes and foreign keys stand as in the definition', async () => {
    const made = await rows(
      `select c.relname as name, i.indisprimary::text as key, i.indisunique::text as "unique",
         (select string_agg(a.attname, ',' order by k.n) from unnest(i.indkey) with ordinality k(at, n)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.at) as columns,
         pg_get_expr(i.indpred, i.indrelid) as predicate
         from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = $1::regclass`,
      [`"${table.name}"`],
    )
    const names = (columns: readonly unknown[]) => columns.map((c) => (c as { name: string }).name).join()
    expect(made.filter(({ key }) => key === 'true').map(({ columns }) => columns)).toEqual([
      names(table.primaryKeys[0]!.columns),
    ])
    const plain = (text: string) => text.toLowerCase().replace(/::text|[()"[\] ]|array|= ?any|\bin\b/g, '')
    const byName = (a: { name?: unknown }, b: { name?: unknown }) => (String(a.name) < String(b.name) ? -1 : 1)
    expect(
      made
        .filter(({ key }) => key !== 'true')
        .map(({ name, unique, columns, predicate }) => ({
          name,
          unique: unique === 'true',
          columns,
          where: predicate ? plain(predicate) : undefined,
        }))
        .sort(byName),
    ).toEqual(
      table.indexes
        .map(({ config }) => ({
          name: config.name,
          unique: config.unique,
          columns: names(config.columns),
          where: config.where ? plain(dialect.sqlToQuery(config.where).sql) : undefined,
        }))
        .sort(byName),
    )
    const foreign = await rows(
      "select pg_get_constraintdef(oid) as text from pg_constraint where contype = 'f' and conrelid = $1::regclass",
      [`"${table.name}"`],
    )
    expect(foreign.map(({ text }) => text!.replaceAll('"', ''))).toEqual(
      table.foreignKeys.map((key) => {
        const { columns, foreignColumns, foreignTable } = key.reference()
        const at = (all: readonly { name: string }[]) => all.map(({ name }) => name).join(', ')
        return `FOREIGN KEY (${at(columns)}) REFERENCES ${getTableConfig(foreignTable).name}(${at(foreignColumns)}) ON DELETE CASCADE`
      }),
    )
  })
})

describe('an upgrade', () => {
  const later = (kind: Migration['kind'], sql: string): Migration => ({ name: '9999_later', kind, sql })

  test('is made by one of several nodes that start at once', async () => {
    const clients = [await connected('at_once')]
    for (let n = 0; n < 4; n++) {
      const more = new pg.Client({ connectionString: server.url('at_once') })
      await more.connect()
      clients.push(more)
    }
    await Promise.all(clients.map((one) => migrate(one, postgresMigrations, 1)))
    expect(await appliedTo(clients[0]!)).toHaveLength(postgresMigrations.length)
    await Promise.all(clients.map((one) => one.end()))
  })

  test('that only adds lets the version before start; one that takes away does not', async () => {
    const one = await connected('newer')
    await migrate(one, [...postgresMigrations, later('expand', 'alter table person add column later text')], 1)
    await migrate(one, postgresMigrations, 2)
    await one.end()
    const two = await connected('newest')
    await migrate(two, [...postgresMigrations, later('contract', 'alter table person drop column phone')], 1)
    await expect(migrate(two, postgresMigrations, 2)).rejects.toThrow('schema-unknown')
    await two.end()
  })

  test('that fails leaves nothing', async () => {
    const one = await connected('broken')
    const broken = later('expand', 'create table half (x text); create table half (x text)')
    await expect(migrate(one, [...postgresMigrations, broken], 1)).rejects.toThrow('half')
    expect(await appliedTo(one)).toEqual([])
    expect((await one.query("select 1 from pg_tables where schemaname = 'public'")).rows).toEqual([])
    await migrate(one, postgresMigrations, 1)
    await one.end()
  })
})
