import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { Fault } from '../../../../shared/fault/index.ts'
import type { ChainHead, Db, Unit } from '../database.ts'
import { faultOf, isConflict, isLost } from './faults.ts'
import { Session } from './session.ts'

/** How often a unit is begun that certainly left nothing behind. */
const TRIES = 6

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

/** Nothing of the unit stands, and doing it again can help. */
class Again extends Error {}

/**
 * Units of work, each a transaction of its own on a connection of its own, READ COMMITTED. A unit that the server ended for
 * another's sake, or whose connection was gone before it was told to commit, is done again. Where the answer to `commit`
 * is lost nobody knows whether it stands: that is `store-unavailable`, never a second try. The callers' own keys sort it out.
 */
export class Units {
  readonly #pool: pg.Pool
  readonly #unitMs: number
  readonly #sessions = new WeakMap<pg.ClientBase, Session>()

  constructor(pool: pg.Pool, unitMs: number) {
    this.#pool = pool
    this.#unitMs = unitMs
  }

  async write<T>(work: (unit: Unit) => Promise<T>, kind: 'durable' | 'passing' = 'durable'): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(work, kind)
      } catch (error) {
        if (!(error instanceof Again)) throw error
        if (tries === TRIES) throw error.cause
      }
      // Full jitter, so that two units that met do not meet again.
      await pause(Math.random() * 10 * 2 ** tries)
    }
  }

  async #once<T>(work: (unit: Unit) => Promise<T>, kind: 'durable' | 'passing'): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw faultOf(error)
    })
    const session = this.#sessionOf(client)
    const unit = new Transaction(session.db)
    let broken = false
    try {
      // Goes out with the first statement: the connection answers in order, and when it fails so does what follows.
      const begun = client.query(kind === 'passing' ? 'begin; set local synchronous_commit = off' : 'begin')
      begun.catch((error: unknown) => {
        session.failed ??= error
      })
      let value: T
      try {
        value = await this.#inTime(unit, session, work)
      } catch (error) {
        broken = unit.overdue || !(await rolledBack(client))
        throw isPassing(session.failed) ? new Again('not committed', { cause: error }) : error
      }
      const command = await commit(client).catch((error: unknown) => {
        broken = true
        throw error
      })
      // So the server answers when a statement had failed and the unit went on as if it had not.
      if (command === 'ROLLBACK') {
        const fault = new Fault('internal', 'a statement of the unit failed and it went on', { cause: session.failed })
        throw isPassing(session.failed) ? new Again('not committed', { cause: fault }) : fault
      }
      for (const listener of unit.listeners) listener()
      return value
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
    session.failed = null
    return session
  }
}

const isPassing = (error: unknown) => isConflict(error) || isLost(error)

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
    throw new Fault('store-unavailable', 'the answer to a commit was lost', { cause: error })
  }
}
