import { setTimeout as pause, setImmediate as yieldToLoop } from 'node:timers/promises'
import type BetterSqlite from 'better-sqlite3'
import { Fault } from '../../../../shared/fault/index.ts'
import type { ChainHead, Db, Unit } from '../database.ts'
import type { Checkpoints } from './checkpoints.ts'
import { isBusy, sqliteFault } from './faults.ts'
import type { WalFlush } from './flush.ts'

/** Units in one commit: bounds how long the event loop is held. */
const GROUP = 256
/** After a group of at most so many, little comes in: the next need not wait for others that it could share a flush with. */
const FEW = 2

interface Waiting {
  readonly work: (unit: Unit) => Promise<unknown>
  readonly durable: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Done extends Waiting {
  readonly value: unknown
  readonly unit: RunningUnit
}

class RunningUnit implements Unit {
  readonly #db: Db
  readonly heads: Map<string, ChainHead>
  readonly listeners: (() => void)[] = []
  ended = false

  constructor(db: Db, heads: Map<string, ChainHead>) {
    this.#db = db
    this.heads = heads
  }

  get db(): Db {
    if (this.ended) throw new Fault('internal', 'a unit of work was used after its end')
    return this.#db
  }

  afterCommit(listener: () => void): void {
    this.listeners.push(listener)
  }
}

export interface GroupCommitParts {
  /** The writing connection: WAL, synchronous=NORMAL. */
  readonly connection: BetterSqlite.Database
  readonly db: Db
  readonly flush: WalFlush
  readonly checkpoints: Pick<Checkpoints, 'room' | 'committed'>
  /** How long a unit waits for a lock of another process, and how long it may take itself, in ms. */
  readonly busyMs: number
  readonly unitMs: number
}

/**
 * The one writer. Units of work that arrive while a commit is under way share the next one. They run one after another without
 * a savepoint each, which would copy every page that several of them change; when one fails, the transaction is rolled back and
 * the others are done again, each in its savepoint then, so that a unit that fails rolls back alone. A unit resolves when its commit, and whatever it can have seen of others', is on
 * disk; meanwhile the next group runs. A lock held by another process is waited for without blocking the event loop.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts
  readonly #sql: Record<'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo', BetterSqlite.Statement>
  readonly #dataVersion: BetterSqlite.Statement<[], number>
  readonly #heads = new Map<string, ChainHead>()
  #seen: number | undefined
  #waiting: Waiting[] = []
  /** Units of the last group. */
  #size = 0
  #draining: Promise<void> | null = null
  #closed = false
  #commits = 0

  constructor(parts: GroupCommitParts) {
    this.#parts = parts
    const { connection } = parts
    this.#sql = {
      begin: connection.prepare('begin immediate'),
      commit: connection.prepare('commit'),
      rollback: connection.prepare('rollback'),
      savepoint: connection.prepare('savepoint unit'),
      release: connection.prepare('release unit'),
      undo: connection.prepare('rollback to unit'),
    }
    this.#dataVersion = connection.prepare<[], number>('pragma data_version').pluck()
  }

  /** Commits so far, for tests and metrics. */
  get commits(): number {
    return this.#commits
  }

  write<T>(work: (unit: Unit) => Promise<T>, kind: 'durable' | 'passing' = 'durable'): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refusal = this.#closed
        ? new Fault('store-unavailable', 'the database is closed')
        : this.#parts.flush.failure
      if (refusal) return reject(refusal)
      this.#waiting.push({ work, durable: kind === 'durable', resolve: resolve as (value: unknown) => void, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Finishes what waits and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#draining
    await this.#parts.flush.close()
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Under load a unit that comes while a flush runs makes one larger group with those that come until its end: that
      // writes fewer pages, and flushes less.
      await this.#parts.flush.turn(this.#size > FEW)
      await yieldToLoop()
      await this.#parts.checkpoints.room
      try {
        if (this.#parts.flush.failure) throw this.#parts.flush.failure
        await this.#begin()
      } catch (error) {
        const fault = sqliteFault(error)
        for (const unit of this.#waiting.splice(0)) unit.reject(fault)
        continue
      }
      this.#size = this.#waiting.length
      await this.#commitGroup(this.#waiting.splice(0, GROUP))
    }
    this.#draining = null
  }

  async #begin(): Promise<void> {
    const deadline = Date.now() + this.#parts.busyMs
    for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
      try {
        this.#sql.begin.run()
        break
      } catch (error) {
        if (!isBusy(error) || Date.now() + wait > deadline) throw error
      }
      await pause(wait)
    }
    const version = this.#dataVersion.get()
    if (version === this.#seen) return
    // Another process has written: the chains may have grown, and what it wrote may not be on disk yet.
    this.#seen = version
    this.#heads.clear()
    this.#parts.flush.wrote()
  }

  async #commitGroup(group: Waiting[]): Promise<void> {
    const { connection, flush, checkpoints } = this.#parts
    let done: Done[] = []
    try {
      const failed = await this.#runPlain(group, done)
      if (failed && group.length > 1) {
        // Nothing of the group stands: what its other units did is done again.
        group.splice(group.indexOf(failed), 1)
        done = []
        await this.#begin()
        await this.#runApart(group, done)
      }
      if (!connection.inTransaction) return
      this.#sql.commit.run()
      this.#commits += 1
    } catch (error) {
      this.#rollBack()
      const fault = sqliteFault(error)
      // Nothing of the group is stored. Those that failed by themselves have their own error already.
      for (const unit of group) unit.reject(fault)
      return
    }
    checkpoints.committed()
    if (done.length === 0) return
    if (done.some(({ durable }) => durable)) flush.wrote()
    flush.settled().then(
      () => {
        for (const { unit, resolve, value } of done) {
          resolve(value)
          for (const listener of unit.listeners) listener()
        }
      },
      (fault: unknown) => {
        for (const { reject } of done) reject(fault)
      },
    )
  }

  /** Runs units one after another; answers the first that fails, which has its error then, or null. */
  async #runPlain(group: readonly Waiting[], done: Done[]): Promise<Waiting | null> {
    for (const waiting of group) {
      const ended = await this.#runUnit(waiting)
      // SQLite itself rolls everything back on a full disk or an I/O error, whatever the unit makes of it.
      const stands = this.#parts.connection.inTransaction
      if (ended && stands) {
        done.push(ended)
        continue
      }
      if (ended) waiting.reject(new Fault('store-unavailable', 'the shared commit was rolled back'))
      this.#rollBack()
      return waiting
    }
    return null
  }

  /** Runs units one after another, each in its savepoint: one that fails rolls back alone. */
  async #runApart(group: Waiting[], done: Done[]): Promise<void> {
    const { connection } = this.#parts
    for (const [at, waiting] of group.entries()) {
      this.#sql.savepoint.run()
      const ended = await this.#runUnit(waiting)
      if (!connection.inTransaction) {
        // Those not yet run get a new commit.
        this.#waiting.unshift(...group.splice(at + 1))
        throw new Fault('store-unavailable', 'the shared commit was rolled back')
      }
      if (ended) done.push(ended)
      else this.#sql.undo.run()
      this.#sql.release.run()
    }
  }

  #rollBack(): void {
    this.#heads.clear()
    try {
      if (this.#parts.connection.inTransaction) this.#sql.rollback.run()
    } catch {
      // The next `begin` fails then, and says why to those who wait for it.
    }
  }

  /** Runs one unit; null when it failed, which it has been told. What it wrote is for the caller to roll back. */
  async #runUnit(waiting: Waiting): Promise<Done | null> {
    const unit = new RunningUnit(this.#parts.db, this.#heads)
    let timer: NodeJS.Timeout | undefined
    try {
      // The rule is to await nothing but `tx`: whoever breaks it must not hold up every other writer.
      const overdue = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Fault('internal', 'a unit of work took too long')), this.#parts.unitMs)
      })
      const value = await Promise.race([waiting.work(unit), overdue])
      return { ...waiting, value, unit }
    } catch (error) {
      waiting.reject(sqliteFault(error))
      this.#heads.clear()
      return null
    } finally {
      unit.ended = true
      clearTimeout(timer)
    }
  }
}
