/** The queue as its operator sees and moves it: statements of one tenant, indexed, bounded by their limits. */
import type { SQL } from 'drizzle-orm'
import {
  JOB_QUEUES,
  type JobQueueName,
  type JobRecord,
  type JobState,
  type MessageId,
  type RecipientRecord,
  type TenantId,
} from '../../../shared/domain/index.ts'
import type { Announced, JobCount, JobQuery } from '../../ports/store.ts'
import { othersTurn } from '../../threads/turn.ts'
import type { Db } from './database.ts'
import { orm } from './drizzle.ts'
import { jobRecord, record } from './rows.ts'
import type { Tables } from './tables.ts'
import type { TenantUnit } from './tenant.ts'

const { and, asc, eq, gt, inArray, lte, sql } = orm

/** Spelled like the partial indexes, so that SQLite sees that they serve. */
const open = sql`state <> 'done'`
const waits = sql`state in ('held', 'quarantined')`

export async function jobsOf(db: Db, { job }: Tables, tenant: TenantId, query: JobQuery): Promise<JobRecord[]> {
  const filter: SQL[] = [eq(job.tenant, tenant), open]
  if (query.after !== undefined) filter.push(gt(job.id, query.after))
  if (query.queue !== undefined) filter.push(eq(job.queue, query.queue))
  if (query.lane !== undefined) filter.push(eq(job.lane, query.lane))
  if (query.state !== undefined) filter.push(eq(job.state, query.state))
  if (query.message !== undefined) filter.push(eq(job.message, query.message))
  if (query.madeBy !== undefined) filter.push(lte(job.createdAt, query.madeBy))
  const rows = await db
    .select()
    .from(job)
    .where(and(...filter))
    .orderBy(asc(job.id))
    .limit(query.limit)
  return rows.map(jobRecord)
}

export async function jobById(db: Db, { job }: Tables, tenant: TenantId, id: string): Promise<JobRecord | null> {
  const [row] = await db
    .select()
    .from(job)
    .where(and(eq(job.tenant, tenant), eq(job.id, id)))
  return row ? jobRecord(row) : null
}

/** Jobs that are counted in one statement: 1 µs each. */
const COUNTED_AT_ONCE = 2_000

const NOT_DONE = ['leased', 'ready', 'held', 'dead'] as const

/** Few jobs are counted at one moment, many range by range and others' turns in between. */
export async function jobCounts(db: Db, tables: Tables, tenant: TenantId): Promise<JobCount[]> {
  const ours = { tenant, states: NOT_DONE, queues: JOB_QUEUES }
  const all = await countPage(db, tables, ours)
  if (all.complete) return sortedCounts(all.counts)
  const sums = new Map<string, JobCount>()
  for (const state of NOT_DONE)
    for (const queue of JOB_QUEUES)
      for (let after: LanePlace | undefined, more = true; more; ) {
        const range = { tenant, states: [state], queues: [queue], ...(after ? { after } : {}) }
        const page = await countPage(db, tables, range)
        for (const count of page.counts) add(sums, count)
        more = !page.complete
        if (more) after = await lastOfPage(db, tables, range)
        more &&= after !== undefined
        await othersTurn()
      }
  return sortedCounts([...sums.values()])
}

/** Where a job stands in its range of the index `job_lane`. */
interface LanePlace {
  readonly lane: string
  readonly runAt: number
  readonly id: string
}

interface JobRange {
  readonly tenant: TenantId
  readonly states: readonly JobState[]
  readonly queues: readonly JobQueueName[]
  readonly after?: LanePlace
}

function within({ job }: Tables, { tenant, states, queues, after }: JobRange): SQL | undefined {
  const beyond = after && sql`(${job.lane}, ${job.runAt}, ${job.id}) > (${after.lane}, ${after.runAt}, ${after.id})`
  return and(inArray(job.state, [...states]), inArray(job.queue, [...queues]), eq(job.tenant, tenant), open, beyond)
}

const placed = ({ job }: Tables) => [asc(job.lane), asc(job.runAt), asc(job.id)]

async function countPage(db: Db, tables: Tables, range: JobRange): Promise<{ counts: JobCount[]; complete: boolean }> {
  const { job } = tables
  const { queue, lane, state, createdAt, runAt } = job
  const asked = db.select({ queue, lane, state, createdAt, runAt }).from(job).where(within(tables, range))
  // Of a single range the first in the order of its index, else any.
  const single = range.states.length === 1 && range.queues.length === 1
  const page = (single ? asked.orderBy(...placed(tables)) : asked).limit(COUNTED_AT_ONCE).as('page')
  const counts = await db
    .select({
      queue: page.queue,
      lane: page.lane,
      state: page.state,
      count: sql<number>`count(*)`.mapWith(Number),
      oldest: sql<number>`min(${page.createdAt})`.mapWith(Number),
      due: sql<number>`min(${page.runAt})`.mapWith(Number),
    })
    .from(page)
    .groupBy(page.queue, page.lane, page.state)
  return { counts, complete: counts.reduce((sum, { count }) => sum + count, 0) < COUNTED_AT_ONCE }
}

async function lastOfPage(db: Db, tables: Tables, range: JobRange): Promise<LanePlace | undefined> {
  const { lane, runAt, id } = tables.job
  const rows = await db
    .select({ lane, runAt, id })
    .from(tables.job)
    .where(within(tables, range))
    .orderBy(...placed(tables))
    .limit(1)
    .offset(COUNTED_AT_ONCE - 1)
  return rows[0]
}

function add(sums: Map<string, JobCount>, one: JobCount): void {
  const key = `${one.queue}\n${one.lane}\n${one.state}`
  const known = sums.get(key)
  const joined = known && {
    ...known,
    count: known.count + one.count,
    oldest: Math.min(known.oldest, one.oldest),
    due: Math.min(known.due, one.due),
  }
  sums.set(key, joined ?? one)
}

const sortedCounts = (counts: readonly JobCount[]): JobCount[] =>
  counts.toSorted((a, b) => compare(a.queue, b.queue) || compare(a.lane, b.lane) || compare(a.state, b.state))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export async function waiting(
  db: Db,
  { recipient }: Tables,
  tenant: TenantId,
  { limit, after }: { readonly limit: number; readonly after?: MessageId },
): Promise<RecipientRecord[]> {
  const filter: SQL[] = [eq(recipient.tenant, tenant), waits]
  if (after !== undefined) filter.push(gt(recipient.message, after))
  const rows = await db
    .select()
    .from(recipient)
    .where(and(...filter))
    .orderBy(asc(recipient.message), asc(recipient.position))
    .limit(limit)
  return rows.map((row) => {
    const { position: _, ...rest } = record(row)
    return rest as RecipientRecord
  })
}

/** Moves a job that is in one of these states, and nobody's lease; null when it is not. */
async function moveJob(
  db: Db,
  { job }: Tables,
  tenant: TenantId,
  id: string,
  from: readonly JobState[],
  set: Partial<Tables['job']['$inferInsert']>,
): Promise<JobRecord | null> {
  const [row] = await db
    .update(job)
    .set(set)
    .where(and(eq(job.tenant, tenant), eq(job.id, id), inArray(job.state, [...from])))
    .returning()
  return row ? jobRecord(row) : null
}

type MoveJob = [id: string, from: readonly JobState[], set: Partial<Tables['job']['$inferInsert']>]

export function holdJob(on: TenantUnit, id: string, why: string): Promise<JobRecord | null> {
  return move(on, [id, ['ready'], { state: 'held', lastFault: why }])
}

export function releaseJob(on: TenantUnit, id: string): Promise<JobRecord | null> {
  return move(on, [id, ['held'], { state: 'ready' }])
}

export function retryJob(
  on: TenantUnit,
  id: string,
  { runAt, payload }: { runAt: number; payload: unknown },
): Promise<JobRecord | null> {
  const slate = { attempt: 0, crashes: 0, dots: 0 }
  const anew: MoveJob = [id, ['ready', 'held', 'dead'], { state: 'ready', runAt, payload, ...slate }]
  return move(on, anew, { probe: true })
}

export function dropJob(on: TenantUnit, id: string, why: string): Promise<JobRecord | null> {
  return move(on, [id, ['ready', 'held', 'dead'], { state: 'done', lastFault: why }])
}

async function move(
  on: TenantUnit,
  [id, from, set]: MoveJob,
  how?: Pick<Announced, 'probe'>,
): Promise<JobRecord | null> {
  const moved = await on.unprepared((db) => moveJob(db, on.engine.tables, on.tenant, id, from, set))
  if (moved?.state === 'ready') on.announce([moved], how)
  return moved
}
