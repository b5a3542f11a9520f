import type pg from 'pg'
import type { Db } from '../database.ts'
import { pgDriver } from '../drizzle.ts'
import { faultOf } from './faults.ts'

const { drizzle } = pgDriver()

type Query = (config: pg.QueryConfig, values?: unknown[]) => Promise<pg.QueryResult>

/**
 * drizzle over whatever runs a query. PostgreSQL's text holds no NUL, and a hostile mail can bring one into any of them
 * (`Subject: =?utf-8?q?=00?=`): U+FFFD takes its place, in what is stored as in what is looked for.
 */
export function dbOver(query: Query): Db {
  const client = { query: (config: pg.QueryConfig, values?: unknown[]) => query(config, values?.map(withoutNul)) }
  return drizzle({ client: client as unknown as pg.Pool })
}

const NOTHING: Omit<pg.QueryResult, 'command'> = { rows: [], fields: [], rowCount: null, oid: 0 }

/**
 * What a unit does on its connection. A change that answers nothing is sent and not waited for: the connection takes
 * statements in order, and one that failed makes those after it and the commit fail. So a unit waits for what it asks, and for its commit.
 */
export class Session {
  readonly db: Db
  readonly #client: pg.ClientBase
  #failed: unknown = null
  #pending = 0

  constructor(client: pg.ClientBase) {
    this.#client = client
    this.db = dbOver((config, values) => {
      const answer = this.#ask(config, values)
      if (!answersNothing(config.text)) return answer
      answer.catch(() => {})
      return Promise.resolve({ ...NOTHING, command: '' })
    })
  }

  /** The error of the first statement that failed in this unit: those after it only repeat that there was one. */
  get failed(): unknown {
    return this.#failed
  }

  /** Statements that the server has not answered. */
  get pending(): number {
    return this.#pending
  }

  /** Starts anew for the next unit. */
  begin(): Promise<unknown> {
    this.#failed = null
    const begun = this.#ask({ text: 'begin' })
    begun.catch(() => {})
    return begun
  }

  /** The commit that follows does not wait for the disk. */
  commitUnflushed(): void {
    this.#ask({ text: 'set local synchronous_commit = off' }).catch(() => {})
  }

  async #ask(config: pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult> {
    this.#pending += 1
    try {
      return await this.#client.query(config, values)
    } catch (error) {
      this.#failed ??= error
      throw faultOf(error)
    } finally {
      this.#pending -= 1
    }
  }
}

/** Changes without `returning`, and the wait for a turn, of which only the end is of interest. */
function answersNothing(text: string): boolean {
  if (/^select pg_advisory_xact_lock\(/.test(text)) return true
  return /^(?:insert|update|delete) /.test(text) && !/ returning /.test(text)
}

function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}
