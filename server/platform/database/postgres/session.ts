import type pg from 'pg'
import type { Db } from '../database.ts'
import { pgDriver } from '../drizzle.ts'
import { faultOf } from './faults.ts'

const { drizzle } = pgDriver()

type Query = (config: pg.QueryConfig | string, values?: unknown[]) => Promise<pg.QueryResult>

/**
 * drizzle over whatever runs a query. PostgreSQL's text holds no NUL, and a hostile mail can bring one into any of them
 * (`Subject: =?utf-8?q?=00?=`): U+FFFD takes its place, in what is stored as in what is looked for.
 */
export function dbOver(query: Query): Db {
  const client = {
    query: (config: pg.QueryConfig | string, values?: unknown[]) => query(config, values?.map(withoutNul)),
  }
  return drizzle({ client: client as unknown as pg.Pool })
}

/** What a unit does on its connection: drizzle over it, and what the server or the connection said no to. */
export class Session {
  readonly db: Db
  /** The error of the last statement that failed since it was set to null. */
  failed: unknown = null
  /** Statements that the server has not answered. */
  pending = 0

  constructor(client: pg.ClientBase) {
    this.db = dbOver((config, values) => this.#answered(client.query(config as pg.QueryConfig, values)))
  }

  async #answered(query: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    this.pending += 1
    try {
      return await query
    } catch (error) {
      this.failed = error
      throw faultOf(error)
    } finally {
      this.pending -= 1
    }
  }
}

function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}
