import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { Fault } from '../../../../shared/fault/index.ts'
import type { ChainHead, Db, Unit } from '../database.ts'
import { faultOf, isConflict, isLost, sqlState } from './faults.ts'
import type { SharedFlush } from './flush.ts'
import { Session } from './session.ts'

/** How often a unit is begun that certainly left nothing behind. */
const TRIES = 6

/** in_failed_sql_transaction: an earlier statement of the transaction failed. */
const AFTER_FAILURE = '25P02'

/** One transaction while it runs. */
class Transaction implements Unit {
  readonly #db: Db
  readonly listeners: (() => void)[] = []
  /** Once a unit has its turn at a chain nobody else moves its end. */
  readonly heads = new Map<string, ChainHead>()
  ended = false
  overdue = false

  constructor(db: Db) {
    this.#db = db
  }

  get db(): Db {
    if (this.ended) throw new Fault('internal', 'a unit of work was used after its end')
    return this.#db
  }

  afterCommit(listener: () => void): void {
    this.listeners.push(listener)
  }
}

interface Committed<T> {
  readonly value: T
  readonly listeners: readonly (() => void)[]
  /** On disk already. */
  readonly flushed: boolean
}

/** Nothing of the unit stands, and doing it again can help. */
class Again extends Error {}

/**
 * Units of work, each a transaction of its own on a connection of its own, READ COMMITTED. A unit that the server ended for
 * another's sake, or whose connection was gone before it was told to commit, is done again. Where the answer to `commit`
 * is lost nobody knows whether it stands: that is `store-in-doubt`, never a second try. The callers' own keys sort it out.
 */
export class Units {
  readonly #pool: pg.Pool
  readonly #flush: SharedFlush
  readonly #unitMs: number
  readonly #sessions = new WeakMap<pg.ClientBase, Session>()
  #running = 0

  constructor(pool: pg.Pool, flush: SharedFlush, unitMs: number) {
    this.#pool = pool
    this.#flush = flush
    this.#unitMs = unitMs
  }

  /** Resolves when the unit is on disk, and whatever it can have seen with it. */
  async write<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    this.#running += 1
    try {
      const { value, listeners, flushed } = await this.#untilDone(work)
      if (!flushed) await this.#flush.settled()
      for (const listener of listeners) listener()
      return value
    } finally {
      this.#running -= 1
    }
  }

  async #untilDone<T>(work: (unit: Unit) => Promise<T>): Promise<Committed<T>> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(work)
      } catch (error) {
        if (!(error instanceof Again)) throw error
        if (tries === TRIES) throw error.cause
      }
      // Full jitter, so that two units that met do not meet again.
      await pause(Math.random() * 10 * 2 ** tries)
    }
  }

  async #once<T>(work: (unit: Unit) => Promise<T>): Promise<Committed<T>> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw faultOf(error)
    })
    const session = this.#sessionOf(client)
    const unit = new Transaction(session.db)
    let broken = false
    try {
      // Goes out with the first statement.
      const begun = session.begin()
      let value: T
      try {
        value = await this.#inTime(unit, session, work)
        // A connection that is gone shows before the commit is sent: then it is certain that nothing stands.
        await begun
      } catch (error) {
        broken = unit.overdue || !(await rolledBack(client))
        throw whyFailed(session, error)
      }
      // Among others, and with the end of a chain in its hands, it lets go of that before it waits for the disk.
      const flushed = this.#running === 1 || unit.heads.size === 0
      if (!flushed) session.commitUnflushed()
      const command = await commit(client).catch((error: unknown) => {
        broken = true
        throw error
      })
      // So the server answers when a statement had failed.
      if (command === 'ROLLBACK') throw whyFailed(session, null)
      return { value, listeners: unit.listeners, flushed }
    } finally {
      unit.ended = true
      client.release(broken)
    }
  }

  /** Nothing but the unit's own statements is awaited in a unit: whoever breaks that must not hold locks for ever. */
  async #inTime<T>(unit: Transaction, session: Session, work: (unit: Unit) => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const overdue = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        unit.overdue = true
        reject(new Fault(session.pending > 0 ? 'store-unavailable' : 'internal', 'a unit of work took too long'))
      }, this.#unitMs)
    })
    try {
      return await Promise.race([work(unit), overdue])
    } finally {
      unit.ended = true
      clearTimeout(timer)
    }
  }

  /** One for each connection: prepared statements live there. */
  #sessionOf(client: pg.PoolClient): Session {
    const session = this.#sessions.get(client) ?? new Session(client)
    this.#sessions.set(client, session)
    return session
  }
}

/** Nothing of the unit stands; why. What the server said first, where `error` only says that something was wrong before. */
function whyFailed({ failed }: Session, error: unknown): unknown {
  const cause = error === null || sqlState(error) === AFTER_FAILURE ? faultOf(failed) : error
  return isConflict(failed) || isLost(failed) ? new Again('not committed', { cause }) : cause
}

async function rolledBack(client: pg.ClientBase): Promise<boolean> {
  try {
    await client.query('rollback')
    return true
  } catch {
    return false
  }
}

/** What the server says it did. An error in class 40 is its word that nothing stands; after any other nobody knows. */
async function commit(client: pg.ClientBase): Promise<string> {
  try {
    return (await client.query('commit')).command
  } catch (error) {
    if (isConflict(error)) throw new Again('not committed', { cause: faultOf(error) })
    throw new Fault('store-in-doubt', 'the answer to a commit was lost', { cause: error })
  }
}
