import type pg from 'pg'
import { Fault } from '../../../../shared/fault/index.ts'

/** Leaves a record in the log that nobody reads, and waits for the disk: with it everything that was committed before. */
const FLUSH = "select pg_logical_emit_message(true, 'secflow', '')"

/**
 * Puts on disk what was committed without waiting. A unit that waits for the disk in its `commit` keeps its locks meanwhile, and a tenant's audit
 * chain is one lock: his units would stand in a line, a flush each. So they commit at once and then wait here, all for
 * the same flush. (Units that hold no such lock share the server's own flush in their commits.) The log is written in order: no unit can be on disk without those whose locks it waited for.
 */
export class SharedFlush {
  readonly #pool: pg.Pool
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Resolves once all that was committed by now, on any node, is on disk. Raises `store-in-doubt`. */
  settled(): Promise<void> {
    this.#next ??= this.#begin()
    return this.#next
  }

  /** One at a time; who comes while one runs shares the next. */
  async #begin(): Promise<void> {
    await this.#running.catch(() => {})
    this.#next = null
    this.#running = this.#flush()
    await this.#running
  }

  async #flush(): Promise<void> {
    try {
      await this.#pool.query(FLUSH)
    } catch (error) {
      throw new Fault('store-in-doubt', 'the answer to a flush was lost', { cause: error })
    }
  }
}
