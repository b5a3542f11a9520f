import { randomUUID } from 'node:crypto'
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core'
import type { Job, JobQueueName, TenantId } from '../../../shared/domain/index.ts'
import { tenantId } from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { Log } from '../../ports/log.ts'
import type { Alongside, Announced, ClaimWant, DueLane, JobQueue, Lane } from '../../ports/store.ts'
import type { Database, Db, Unit } from './database.ts'
import { orm } from './drizzle.ts'
import type { Engine } from './engine.ts'
import { stillHeld } from './fence.ts'
import { DueLanes, giveBack, takeDue } from './lanes.ts'
import { jobOf } from './rows.ts'
import type { Tables } from './tables.ts'
import type { WriteContext } from './tenant.ts'
import { SqlWrites } from './writes.ts'

const { and, asc, eq, lte, sql } = orm

const $ = sql.placeholder
/** Spelled like the index `job_lane`, so that SQLite sees that the partial index serves. */
const open = sql`state <> 'done'`

/** The workers' side of the `job` table. Leases are fenced by a token that is fresh with every claim. */
export class SqlQueue implements JobQueue {
  readonly #database: Database
  readonly #engine: Engine
  readonly #context: WriteContext
  readonly #log: Log
  readonly #dueLanes: DueLanes
  /** Claims whose commit may stand although nobody heard of it: the jobs are in our name, and we do not know them. */
  readonly #doubtful: { readonly wants: readonly ClaimWant[]; readonly leaseToken: string }[] = []
  readonly #listeners = new Set<(work: readonly Announced[]) => void>()

  constructor(database: Database, context: Omit<WriteContext, 'announce'>, log: Log) {
    this.#database = database
    this.#engine = context.engine
    this.#context = {
      ...context,
      now: () => context.now(),
      steady: () => context.steady(),
      announce: (work) => this.announce(work),
    }
    this.#dueLanes = new DueLanes(context.engine)
    this.#log = log
    database.hear?.((work) => this.#said(work))
  }

  /** The context that makes this queue hear of new work. */
  get context(): WriteContext {
    return this.#context
  }

  announce(work: readonly Announced[]): void {
    this.#database.tell?.(work)
    this.#said(work)
  }

  #said(work: readonly Announced[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(work)
      } catch (error) {
        this.#log.error('queue.listener-failed', { error: String(error) })
      }
    }
  }

  onWork(listener: (work: readonly Announced[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<Job[]> {
    const now = this.#context.steady()
    const wanted = wants.filter(({ limit }) => limit > 0)
    if (wanted.length === 0) return []
    await this.#giveBackDoubtful()
    const leaseToken = randomUUID()
    try {
      // Passing: work that began under a lease the power cut took is done again, as after any crash.
      return await this.#write(async (unit) => {
        const claimed: Job[] = []
        for (const want of wanted)
          claimed.push(...(await takeDue(this.#engine, unit.db, want, now, { leaseMs, leaseToken })))
        return claimed
      }, 'passing')
    } catch (error) {
      if (toFault(error).code === 'store-in-doubt') this.#doubtful.push({ wants: wanted, leaseToken })
      throw error
    }
  }

  async #giveBackDoubtful(): Promise<void> {
    for (let doubtful = this.#doubtful.shift(); doubtful; doubtful = this.#doubtful.shift()) {
      const { wants, leaseToken } = doubtful
      try {
        await this.#write(async ({ db }) => {
          for (const want of wants) await giveBack(this.#engine, db, want, leaseToken)
        }, 'passing')
      } catch (error) {
        this.#doubtful.unshift(doubtful)
        throw error
      }
    }
  }

  async lanes(queues: readonly JobQueueName[]): Promise<DueLane[]> {
    const now = this.#context.steady()
    try {
      const found: DueLane[] = []
      const on = () => this.#database.quick?.() ?? this.#database.read
      for (const queue of new Set(queues)) found.push(...(await this.#dueLanes.look(on, queue, now)))
      return found.sort((a, b) => a.due - b.due)
    } catch (error) {
      throw this.#database.fault(error)
    }
  }

  async extend(job: Job, leaseMs: number): Promise<void> {
    const leaseUntil = this.#engine.dialect.time(this.#context.steady(), leaseMs)
    await this.#end(job, { leaseUntil }, undefined, 'passing')
  }

  async beginDot(job: Job): Promise<void> {
    const { job: table } = this.#engine.tables
    const marked = await this.#write(
      ({ db }) =>
        this.#engine.statements
          .get(db, 'beginDot', (on) =>
            on
              .update(table)
              .set({ dots: sql`${table.dots} + 1` })
              .where(stillHeld(table, { tenant: $('tenant'), id: $('id'), leaseToken: $('leaseToken') }))
              .returning({ id: table.id })
              .prepare('beginDot'),
          )
          .execute({ tenant: job.tenant, id: job.id, leaseToken: job.leaseToken }),
      'passing',
    )
    if (marked.length === 0) throw new Fault('lease-lost', `job ${job.id}`)
  }

  async complete(job: Job): Promise<void> {
    await this.#database
      .write((unit) => this.#writes(job, unit).completeJob(job))
      .catch((error) => {
        throw this.#database.fault(error)
      })
  }

  async retry(job: Job, runAt: number, fault: string): Promise<void> {
    const now = this.#context.now()
    const at = this.#engine.dialect.time(this.#context.steady(), runAt - now)
    await this.#end(job, {
      state: 'ready',
      runAt: at,
      lastFault: fault,
      leaseUntil: null,
      leaseToken: null,
      crashes: 0,
    })
    if (runAt <= now) this.announce([laneOf(job)])
  }

  async bury(job: Job, fault: string, alongside?: Alongside): Promise<void> {
    await this.#end(job, { state: 'dead', lastFault: fault, leaseUntil: null, leaseToken: null }, alongside)
  }

  /** Changes a job that is still leased under this token; raises `lease-lost` otherwise. */
  async #end(
    job: Job,
    set: PgUpdateSetSource<Tables['job']>,
    alongside?: Alongside,
    kind: 'durable' | 'passing' = 'durable',
  ): Promise<void> {
    const { job: table } = this.#engine.tables
    const tenant: TenantId = tenantId(job.tenant)
    await this.#write(async (unit) => {
      const changed = await unit.db
        .update(table)
        .set(set)
        .where(stillHeld(table, { tenant, id: job.id, leaseToken: job.leaseToken }))
        .returning({ id: table.id })
      if (changed.length === 0) throw new Fault('lease-lost', `job ${job.id}`)
      await alongside?.(this.#writes(job, unit), job)
    }, kind)
  }

  #writes(job: Job, unit: Unit): SqlWrites {
    return new SqlWrites(tenantId(job.tenant), this.#context, unit)
  }

  async reap(maxCrashes: number, alongside?: Alongside): Promise<Job[]> {
    const { job } = this.#engine.tables
    const now = this.#context.steady()
    const { dialect } = this.#engine
    const expired = (on: Db) =>
      on
        .select()
        .from(job)
        .where(and(open, sql`${job.state} = 'leased'`, lte(job.leaseUntil, dialect.time(now))))
        .orderBy(asc(job.leaseUntil))
        .limit(500)
    let revived: Lane[] = []
    const found = await expired(this.#database.read).catch((error) => {
      throw this.#database.fault(error)
    })
    if (found.length === 0) return []
    const dead = await this.#write(async (unit) => {
      const buried: Job[] = []
      revived = []
      for (const row of await dialect.lock(expired(unit.db))) {
        const crashes = row.crashes + 1
        const state = crashes >= maxCrashes ? 'dead' : 'ready'
        await unit.db
          .update(job)
          .set({ state, crashes, lastFault: 'lease ran out', leaseUntil: null, leaseToken: null })
          .where(and(eq(job.tenant, row.tenant), eq(job.id, row.id)))
        if (state === 'dead') {
          buried.push(jobOf(row))
          await alongside?.(this.#writes(jobOf(row), unit), jobOf(row))
        } else revived.push(laneOf(row))
      }
      return buried
    })
    if (revived.length > 0) this.announce(revived)
    return dead
  }

  async available(): Promise<void> {
    const { job } = this.#engine.tables
    try {
      // Who asks wants to hear of a store that can be read and not written.
      await this.#database.settled?.()
      await this.#database.read.select({ id: job.id }).from(job).limit(1)
    } catch (error) {
      throw this.#database.fault(error)
    }
  }

  async #write<T>(work: (unit: Unit) => Promise<T>, kind: 'durable' | 'passing' = 'durable'): Promise<T> {
    try {
      return await this.#database.write(work, kind)
    } catch (error) {
      throw this.#database.fault(error)
    }
  }
}

const laneOf = ({ queue, tenant, lane }: Pick<Job, 'queue' | 'tenant' | 'lane'>): Lane => ({
  queue,
  tenant: tenantId(tenant),
  lane,
})
