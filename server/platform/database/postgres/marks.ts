import pg from 'pg'
import { type Address, clientConfig } from './address.ts'
import { faultOf } from './faults.ts'

/** Names in `schema_migration`; one that is set counts as something that older versions cannot live with. */
export function markingPostgres(address: Address) {
  async function ask<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({
      ...clientConfig(address, { connectMs: 5_000, unitMs: 10_000 }),
      application_name: 'secflow migrate',
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return await work(client)
    } catch (error) {
      throw faultOf(error)
    } finally {
      await client.end().catch(() => {})
    }
  }

  return {
    all: () =>
      ask(async (client) => {
        const { rows } = await client.query<{ there: boolean }>(
          "select to_regclass('schema_migration') is not null as there",
        )
        if (rows[0]?.there !== true) return []
        return (await client.query<{ name: string }>('select name from schema_migration')).rows.map(({ name }) => name)
      }),
    set: (mark: string) =>
      ask(async (client) => {
        await client.query("insert into schema_migration values ($1, 'contract', $2) on conflict do nothing", [
          mark,
          Date.now(),
        ])
      }),
    clear: (mark: string) =>
      ask(async (client) => {
        await client.query('delete from schema_migration where name = $1', [mark])
      }),
  }
}
