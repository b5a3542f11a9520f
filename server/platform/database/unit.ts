import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'

/** What a query may use of drizzle: the SQL-like builder, awaited (HOUSE decision 6). */
export type Db = Pick<PgDatabase<PgQueryResultHKT, Record<string, never>>, 'select' | 'insert' | 'update' | 'delete'>

/** A unit of work while it runs. */
export interface Unit {
  /** Throws once the unit has ended, so that a forgotten `await` cannot write into somebody else's unit. */
  readonly db: Db
  /** Run once after the commit, not at all after a rollback. */
  afterCommit(listener: () => void): void
  /** Ends of the audit chains as this unit knows them, by tenant: as the only writer, or since it has its turn at them. */
  readonly heads?: Map<string, ChainHead>
}

/** The newest record of a tenant's audit chain. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}
