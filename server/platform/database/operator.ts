/** The queue as its operator sees and moves it: statements of one tenant, indexed, bounded by their limits. */
import type { SQL } from 'drizzle-orm'
import type { JobRecord, JobState, MessageId, RecipientRecord, TenantId } from '../../../shared/domain/index.ts'
import type { Announced, JobCount, JobQuery } from '../../ports/store.ts'
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

export async function jobCounts(db: Db, { job }: Tables, tenant: TenantId): Promise<JobCount[]> {
  return await db
    .select({
      queue: job.queue,
      lane: job.lane,
      state: job.state,
      count: sql<number>`count(*)`.mapWith(Number),
      oldest: sql<number>`min(${job.createdAt})`.mapWith(Number),
      due: sql<number>`min(${job.runAt})`.mapWith(Number),
    })
    .from(job)
    .where(and(eq(job.tenant, tenant), open))
    .groupBy(job.queue, job.lane, job.state)
    .orderBy(asc(job.queue), asc(job.lane), asc(job.state))
}

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
