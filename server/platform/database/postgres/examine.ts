import { performance } from 'node:perf_hooks'
import pg from 'pg'
import { postgresMigrations } from '../migrations/postgres/index.ts'
import { type Address, clientConfig } from './address.ts'
import { faultOf } from './faults.ts'
import { appliedTo, missing } from './migrate.ts'
import { type ServerFacts, serverFacts } from './server.ts'

export interface Examined extends ServerFacts {
  /** This machine's clock minus the server's, ms; the way to the server and back is halved. */
  readonly skewMs: number
  /** The way there and back, ms. */
  readonly roundTripMs: number
  /** Steps of the schema that the next start will take. */
  readonly toApply: readonly string[]
  /** Whether this user may make tables. */
  readonly mayCreate: boolean
}

/** Looks at a server and changes nothing. Raises `store-unavailable` or, for a schema of a newer version, `schema-unknown`. */
export async function examinePostgres(address: Address, now: () => number): Promise<Examined> {
  const client = new pg.Client({
    ...clientConfig(address, { connectMs: 5_000, unitMs: 5_000 }),
    application_name: 'secflow doctor',
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    const began = performance.now()
    const facts = await serverFacts(client)
    const roundTripMs = performance.now() - began
    const skewMs = Math.round(now() - roundTripMs / 2 - facts.now)
    const { rows } = await client.query<{ may: boolean }>(
      "select coalesce(has_schema_privilege(current_schema(), 'create'), false) as may",
    )
    const toApply = missing(await appliedTo(client), postgresMigrations).map(({ name }) => name)
    return { ...facts, skewMs, roundTripMs, toApply, mayCreate: rows[0]?.may === true }
  } catch (error) {
    throw faultOf(error)
  } finally {
    await client.end().catch(() => {})
  }
}
