import { afterAll, beforeAll } from 'vitest'
import { systemClock } from '../../server/platform/clock.ts'
import { openPostgresStore } from '../../server/platform/database/postgres/open.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { postgresAddress } from '../support/postgres-address.ts'
import { storeContract } from './store.ts'

let server: PostgresServer
let made = 0

beforeAll(async () => {
  server = await startPostgres()
  const address = postgresAddress(await server.create('migrated'))
  await (await openPostgresStore({ address, clock: systemClock })).close()
})
afterAll(() => server.stop())

storeContract('postgres', async (clock) => {
  made += 1
  const address = postgresAddress(await server.create(`contract_${made}`, 'migrated'))
  return openPostgresStore({ address, clock, time: 'clock' })
})
