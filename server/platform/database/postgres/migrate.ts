import type pg from 'pg'
import { Fault } from '../../../../shared/fault/index.ts'

/** One reviewed step of the schema. Applied once, in order, never changed after a release. */
export interface Migration {
  /** `0001_journey`: number, then what it brings. */
  readonly name: string
  /**
   * `expand`: what the version before needs is all still there, so its nodes go on beside the new ones. `contract`: something
   * they need is gone; released a version later, when none of them runs any more.
   */
  readonly kind: 'expand' | 'contract'
  readonly sql: string
}

/** Any number that nobody else in the database locks. */
const LOCK = 0x5ec_f10e

/** How long a step waits for a table that others use, before it gives up and lets them go on. */
const LOCK_TIMEOUT = '10s'

/**
 * Brings the schema up to date in one transaction; of several nodes that start at once one does it and the others wait. Raises
 * `schema-unknown` when a newer version took something away that this one may need; what a newer one only added is no reason.
 */
export async function migrate(client: pg.ClientBase, migrations: readonly Migration[], now: number): Promise<void> {
  if (missing(await appliedTo(client), migrations).length === 0) return
  await client.query('begin')
  try {
    await client.query(
      `set local statement_timeout = 0; set local lock_timeout = 0; select pg_advisory_xact_lock(${LOCK})`,
    )
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`)
    await client.query(
      'create table if not exists schema_migration (name text collate "C" primary key, kind text not null, applied_at bigint not null)',
    )
    for (const { name, kind, sql } of missing(await appliedTo(client), migrations)) {
      await client.query(sql)
      await client.query('insert into schema_migration values ($1, $2, $3)', [name, kind, now])
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

interface Applied {
  readonly name: string
  readonly kind: string
}

/** What was applied so far, in order; nothing in an empty database. */
export async function appliedTo(client: pg.ClientBase): Promise<Applied[]> {
  const { rows } = await client.query<{ there: boolean }>("select to_regclass('schema_migration') is not null as there")
  if (rows[0]?.there !== true) return []
  return (await client.query<Applied>('select name, kind from schema_migration order by name')).rows
}

/** What is still to be applied. Raises `schema-unknown`. */
export function missing(applied: readonly Applied[], migrations: readonly Migration[]): readonly Migration[] {
  const known = new Set(migrations.map(({ name }) => name))
  const gone = applied.filter(({ name, kind }) => kind !== 'expand' && !known.has(name))
  if (gone.length > 0) throw new Fault('schema-unknown', gone.map(({ name }) => name).join(', '))
  const done = new Set(applied.map(({ name }) => name))
  return migrations.filter(({ name }) => !done.has(name))
}
