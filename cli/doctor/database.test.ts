import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Config } from '../../server/config.ts'
import { systemClock } from '../../server/platform/clock.ts'
import { openPostgresStore } from '../../server/platform/database/postgres/open.ts'
import { type PostgresServer, startPostgres } from '../../test/support/postgres.ts'
import { postgresAddress } from '../../test/support/postgres-address.ts'
import { checkDatabase } from './database.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

const look = async (url: string, { now = Date.now, connections = 10 } = {}) => {
  const database = { kind: 'postgres' as const, connections, ...postgresAddress(url) }
  return checkDatabase({ database } as unknown as Config, now)
}

test('a new database, then one that is in use, is sound', async () => {
  const url = await server.create('sound')
  expect(await look(url)).toMatchObject([
    { check: 'database', status: 'ok', text: expect.stringContaining('the start applies 0001_journey') },
  ])
  await (await openPostgresStore({ address: postgresAddress(url), clock: systemClock })).close()
  expect(await look(url)).toMatchObject([{ status: 'ok', text: expect.stringContaining('its schema is current') }])
})

test('what would lose mail, mislead or not start is named, with what to do', async () => {
  const url = await server.create('odd')
  expect(await look(url, { now: () => Date.now() + 60_000 })).toMatchObject([
    { status: 'warning', text: expect.stringContaining('clocks are 60.') },
    { status: 'ok' },
  ])
  expect(await look(url, { connections: 60 })).toMatchObject([{ status: 'warning' }, { status: 'ok' }])
  expect(await look(url.replace('/odd', '/missing'))).toMatchObject([
    { status: 'error', text: expect.stringContaining('"missing" does not exist') },
  ])
  await server.ask("create database latin encoding 'LATIN1' locale 'C' locale_provider libc template template0")
  expect(await look(server.url('latin'))).toMatchObject([{ status: 'error', text: expect.stringContaining('LATIN1') }])
  await server.ask('create role plain login')
  expect(await look(url.replace('secflow@', 'plain@'))).toMatchObject([
    { status: 'error', text: expect.stringContaining('may not make tables'), mend: expect.stringContaining('grant') },
  ])
  await server.ask('alter system set fsync = off')
  await server.ask('select pg_reload_conf()')
  await expect
    .poll(() => look(url))
    .toMatchObject([
      { status: 'error', text: expect.stringContaining('power cut'), mend: expect.stringContaining('fsync') },
    ])
})

test('a schema that a newer version took something from is an error', async () => {
  const url = await server.create('newer')
  await server.ask('create table schema_migration (name text primary key, kind text, applied_at bigint)', 'newer')
  await server.ask("insert into schema_migration values ('9999_less', 'contract', 1)", 'newer')
  expect(await look(url)).toMatchObject([{ status: 'error', text: expect.stringContaining('9999_less') }])
})
