/**
 * Where the engines' statements differ: SQLite runs one unit after another on the machine that says what time it is;
 * on PostgreSQL units of several nodes run side by side.
 */
import type { Column, Placeholder, SQL, SQLWrapper } from 'drizzle-orm'
import type { TenantId } from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import type { Db, Unit } from './unit.ts'

const { inArray, sql } = orm

/** What only one unit at a time may do for a tenant, over all nodes. */
export type Matter = 'audit' | 'policy'

type Ms = number | Placeholder

/** Where a look at the lanes of a queue goes on from; `now` is this node's clock. */
export interface HopFrom {
  readonly queue: string
  readonly tenant: string
  readonly lane: string
  readonly now: number
}

/** A lane with ready jobs, and its first one; `due` is 1 when that is due. */
export interface Hop {
  readonly tenant: string
  readonly lane: string
  readonly runAt: number
  readonly due: number
}

export interface Dialect {
  /**
   * So many ms from now, as due times and leases count it (epoch ms). `now` is this node's clock; an engine with a time of its own goes by
   * that, so that nodes whose clocks differ agree.
   */
  time(now: Ms, fromNow?: Ms): SQL<number>
  /** Locks what a select finds until the unit ends, and passes over what another unit has locked. */
  lock<Q>(select: Q): Q
  /** The column's value is one of those that a select of one column finds; it is asked once, however the rest is planned. */
  among(column: Column, select: SQLWrapper): SQL
  /** The next lanes, in order, some at a time; none at the end. Absent where a question costs no way to a server: then one by one. */
  hops?(db: Db, from: HopFrom): Promise<Hop[]>
  /** Waits for other units in this matter and keeps them waiting until this one ends. Statements sent after it see what they committed. */
  turn(unit: Unit, matter: Matter, tenant: TenantId): Promise<unknown>
}

/** Units run one after another, on one clock. */
export const oneByOne: Dialect = {
  time: (now, fromNow) => (fromNow === undefined ? sql<number>`${now}` : sql<number>`${now} + ${fromNow}`),
  lock: (select) => select,
  among: (column, select) => inArray(column, select as never),
  turn: () => Promise.resolve(),
}
