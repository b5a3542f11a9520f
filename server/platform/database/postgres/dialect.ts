import type { TenantId } from '../../../../shared/domain/index.ts'
import type { Db, Unit } from '../database.ts'
import type { Dialect, Matter } from '../dialect.ts'
import { orm } from '../drizzle.ts'
import { hops } from './hops.ts'

const { sql } = orm

/** Stable within a statement, unlike `clock_timestamp()`: only so can an index on a time serve. */
const SERVER_TIME = sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`

/** First keys of the advisory locks; the second one is the tenant's. Two tenants that share one only wait for each other. */
const MATTER: Readonly<Record<Matter, number>> = { audit: 0x5ec_f0a1, policy: 0x5ec_f0a2 }

type Locking = { for(strength: 'update', config: { skipLocked: true }): unknown }

/** Units run side by side. `serverTime` is false in tests that move the clock. */
export function sideBySide(serverTime: boolean): Dialect {
  const turns = new WeakMap<Unit, Set<string>>()
  const time: Dialect['time'] = (now, fromNow) => {
    const base = serverTime ? SERVER_TIME : sql<number>`cast(${now} as bigint)`
    return fromNow === undefined ? base : sql<number>`${base} + cast(${fromNow} as bigint)`
  }
  return {
    time,
    hops: (db, from) => hops(db, from, time(from.now)),
    lock: (select) => (select as unknown as Locking).for('update', { skipLocked: true }) as typeof select,
    // `in (select ... limit ... for update)` may be asked once per row, and lock other rows each time.
    among: (column, select) => sql`${column} = any(array(${select}))`,
    async turn(unit, matter, tenant) {
      const had = turns.get(unit) ?? new Set()
      turns.set(unit, had)
      const name = `${matter} ${tenant}`
      if (had.has(name)) return
      had.add(name)
      await lockTurn(unit.db, MATTER[matter], tenant)
    },
  }
}

/** Ends with the transaction, whichever way that ends. */
async function lockTurn(db: Db, matter: number, tenant: TenantId): Promise<void> {
  await db.select({ locked: sql`pg_advisory_xact_lock(${matter}, hashtext(${tenant}))` }).from(sql`(select 1) as one`)
}
