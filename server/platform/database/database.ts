import type { Announced } from '../../ports/store.ts'
import type { Dialect } from './dialect.ts'
import type { Tables } from './tables.ts'
import type { Db, Unit } from './unit.ts'

export type { ChainHead, Db, Unit } from './unit.ts'

/** One engine under the store. Faults: `store-unavailable`, `store-in-doubt`, `disk-full`; anything else thrown stays as it is. */
export interface Database {
  readonly dialect: Dialect
  readonly tables: Tables
  /** Queries outside a unit of work. They may see what is committed and not yet on disk: see `settled`. */
  readonly read: Db
  /** Where one prepared statement, executed at once, reads fastest outside a unit; `read` where there is no difference. */
  quick?(): Db
  /**
   * Resolves once all that was committed by now is on disk: for a read on whose strength something irrevocable is done
   * or said. An engine whose commits are seen only when they are durable has none. Raises `store-unavailable`.
   */
  settled?(): Promise<void>
  /**
   * For who keeps what he read (`KeptKeys`). `others` is another number after each commit of another process; `atRest` says
   * that no unit of ours is under way, so that what is read now is what the last one left. Absent where nodes share the data.
   */
  readonly watch?: { readonly others: () => number; readonly atRest: () => boolean }
  /**
   * One atomic unit: resolves after its commit is on disk, and whatever it can have seen with it. A `passing`
   * unit may be lost in a power cut, never torn, and costs no flush of its own: for what is true only while this process
   * lives, such as a lease.
   */
  write<T>(work: (unit: Unit) => Promise<T>, kind?: 'durable' | 'passing'): Promise<T>
  /** Turns what the engine threw into a fault. */
  fault(error: unknown): unknown
  /** Tells other nodes of lanes with new work, soon; absent where there are none. */
  tell?(work: readonly Announced[]): void
  /** Whom to tell of what other nodes said. */
  hear?(listener: (work: readonly Announced[]) => void): void
  close(): Promise<void>
}

interface Statement<T> {
  execute(values?: Record<string, unknown>): Promise<T>
}

/** Prepares a statement once per connection: building and compiling SQL costs ten times its execution. */
export class Statements {
  readonly #byDb = new WeakMap<Db, Map<string, Statement<unknown>>>()

  get<T>(db: Db, name: string, build: (db: Db) => Statement<T>): Statement<T> {
    const known = this.#byDb.get(db) ?? new Map<string, Statement<unknown>>()
    if (known.size === 0) this.#byDb.set(db, known)
    const statement = known.get(name) ?? atOnce(build(db))
    known.set(name, statement)
    return statement as Statement<T>
  }
}

/** A synchronous engine's statement runs when it is called, not when it is awaited: nothing comes between. */
function atOnce<T>(statement: Statement<T>): Statement<T> {
  return {
    async execute(values) {
      const result: Promise<T> & { sync?(): T } = statement.execute(values)
      return result.sync ? result.sync() : await result
    },
  }
}
