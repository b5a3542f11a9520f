/** Claims by lane: one index range for the jobs of one, one index seek to find the next. */
import { setImmediate } from 'node:timers/promises'
import type { Placeholder } from 'drizzle-orm'
import type { Job, JobQueueName } from '../../../shared/domain/index.ts'
import { tenantId } from '../../../shared/domain/index.ts'
import type { ClaimWant, DueLane } from '../../ports/store.ts'
import type { Db } from './database.ts'
import type { Hop, HopFrom } from './dialect.ts'
import { orm } from './drizzle.ts'
import type { Engine } from './engine.ts'
import { unplanned } from './placeholders.ts'
import { jobOf } from './rows.ts'

const { and, asc, eq, lte, sql } = orm

const $ = sql.placeholder
/** Spelled like the index `job_lane`, so that SQLite sees that the partial index serves. */
const open = sql`state <> 'done'`

/** Seeks of one look at one queue: bounds how long a look takes where very many lanes wait for a later time. */
const SEEKS = 1_000
/** After so many the event loop has its turn. */
const BREATH = 64

/** How long a lease is, and the token by which its holder is known: fresh with each claim. */
interface Lease {
  readonly leaseMs: number
  readonly leaseToken: string
}

/** Leases the due jobs of one lane, in order of time. */
export async function takeDue(engine: Engine, db: Db, want: ClaimWant, now: number, under: Lease): Promise<Job[]> {
  const overdue = want.dueBy !== undefined
  const taken = await engine.statements
    .get(db, overdue ? 'takeOverdue' : 'takeDue', (on) => lease(engine, on, overdue))
    .execute({ ...want, now, ...under })
  return taken.map(jobOf).sort((a, b) => a.runAt - b.runAt || (a.id < b.id ? -1 : 1))
}

/** The jobs of one lane that were leased under this token and that nobody began are as they were before. */
export async function giveBack(
  { tables: { job } }: Engine,
  db: Db,
  want: ClaimWant,
  leaseToken: string,
): Promise<void> {
  const { queue, tenant, lane } = want
  await db
    .update(job)
    .set({ state: 'ready', attempt: sql`${job.attempt} - 1`, leaseUntil: null, leaseToken: null })
    .where(
      and(
        open,
        sql`${job.state} = 'leased'`,
        eq(job.queue, queue),
        eq(job.tenant, tenant),
        eq(job.lane, lane),
        eq(job.leaseToken, leaseToken),
      ),
    )
}

function lease({ dialect, tables: { job } }: Engine, on: Db, overdue: boolean) {
  const now = dialect.time($('now'))
  const due = and(
    open,
    sql`${job.state} = 'ready'`,
    eq(job.queue, unplanned('queue')),
    eq(job.tenant, unplanned('tenant')),
    eq(job.lane, unplanned('lane')),
    // The plus keeps SQLite from taking the wider of two bounds for the range of the index.
    ...(overdue ? [lte(job.runAt, $('dueBy')), sql`+${job.runAt} <= ${now}`] : [lte(job.runAt, now)]),
  )
  const first = on
    .select({ id: job.id })
    .from(job)
    .where(due)
    .orderBy(asc(job.runAt), asc(job.id))
    // The builder's type knows numbers and bare placeholders.
    .limit(unplanned('limit', 'bigint') as unknown as Placeholder)
  return on
    .update(job)
    .set({
      state: 'leased',
      attempt: sql`${job.attempt} + 1`,
      leaseToken: sql`${$('leaseToken')}`,
      leaseUntil: dialect.time($('now'), $('leaseMs')),
    })
    .where(and(eq(job.tenant, $('tenant')), eq(job.state, 'ready'), dialect.among(job.id, dialect.lock(first))))
    .returning()
    .prepare(overdue ? 'takeOverdue' : 'takeDue')
}

/** The lanes with due work, found by hopping over the index from lane to lane. */
export class DueLanes {
  readonly #engine: Engine
  /** Where the last look at a queue stopped before its end. */
  readonly #stopped = new Map<JobQueueName, { readonly tenant: string; readonly lane: string }>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async look(on: () => Db, queue: JobQueueName, now: number): Promise<DueLane[]> {
    const found: DueLane[] = []
    let ahead: Hop[] = []
    let at = this.#stopped.get(queue) ?? { tenant: '', lane: '' }
    this.#stopped.delete(queue)
    for (let seeks = 0; ; seeks++) {
      if (ahead.length === 0) ahead = await this.#ask(on(), { queue, tenant: at.tenant, lane: at.lane, now })
      const next = ahead.shift()
      if (!next) return found
      if (next.due === 1) found.push({ queue, tenant: tenantId(next.tenant), lane: next.lane, due: next.runAt })
      at = next
      if (seeks % BREATH === BREATH - 1) await setImmediate()
      if (seeks === SEEKS) {
        this.#stopped.set(queue, { tenant: at.tenant, lane: at.lane })
        return found
      }
    }
  }

  #ask(db: Db, from: HopFrom): Promise<Hop[]> {
    return this.#engine.dialect.hops?.(db, from) ?? this.#next(db).execute({ ...from })
  }

  /** The first ready job of the lane after a given one. */
  #next(db: Db) {
    const { dialect, tables } = this.#engine
    const { job } = tables
    return this.#engine.statements.get(db, 'nextLane', (on) =>
      on
        .select({
          tenant: job.tenant,
          lane: job.lane,
          runAt: job.runAt,
          due: sql<number>`case when ${job.runAt} <= ${dialect.time($('now'))} then 1 else 0 end`,
        })
        .from(job)
        .where(
          and(
            open,
            sql`${job.state} = 'ready'`,
            eq(job.queue, unplanned('queue')),
            sql`(${job.tenant}, ${job.lane}) > (${$('tenant')}, ${$('lane')})`,
          ),
        )
        .orderBy(asc(job.tenant), asc(job.lane), asc(job.runAt))
        .limit(1)
        .prepare('nextLane'),
    )
  }
}
