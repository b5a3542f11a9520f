import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../server/platform/clock.ts'
import type { Address } from '../../server/platform/database/postgres/address.ts'
import { openPostgresStore } from '../../server/platform/database/postgres/open.ts'
import { testAuthority } from '../support/certificate.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { postgresAddress } from '../support/postgres-address.ts'

let server: PostgresServer
let ca: string
let other: string

beforeAll(async () => {
  using authority = testAuthority()
  using stranger = testAuthority()
  ca = authority.cert
  other = stranger.cert
  const { key, cert } = authority.issue(['db.example'])
  server = await startPostgres({}, { tls: { key, cert } })
  await server.create('guarded')
})
afterAll(() => server.stop())

async function opens(how: Partial<Address>): Promise<string> {
  const address = { ...postgresAddress(server.url('guarded')), ...how }
  try {
    const store = await openPostgresStore({ address, clock: systemClock })
    await store.close()
    return 'opens'
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}

test('only the server that the authority vouches for, under its name, is let in where that is asked', async () => {
  // The certificate is for db.example: this machine's address is not it.
  expect(await opens({ tls: 'full', ca })).toBe('store-unavailable')
  expect(await opens({ tls: 'ca', ca })).toBe('opens')
  expect(await opens({ tls: 'ca', ca: other })).toBe('store-unavailable')
  expect(await opens({ tls: 'ca', ca: null })).toBe('store-unavailable')
  expect(await opens({ tls: 'encrypted' })).toBe('opens')
  // The server takes nobody in the clear.
  expect(await opens({ tls: 'none' })).toBe('store-unavailable')
})
