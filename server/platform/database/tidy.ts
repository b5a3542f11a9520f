/** The statements behind tidying: what is over, and its end. Built for each call: they run at most once a second. */
import { type CopyRecord, FINAL_STATES, type MessageId, type TenantId } from '../../../shared/domain/index.ts'
import type { Purged, TenantWrites, TidyReads, Unerased } from '../../ports/store.ts'
import type { Db } from './database.ts'
import { orm } from './drizzle.ts'
import type { Tables } from './tables.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, eq, exists, gt, inArray, isNotNull, isNull, lte, notExists, notInArray, or, sql } = orm

// Spelled like the partial indexes, so that SQLite sees that they serve.
const kept = sql`erased_at is null`
const revoked = sql`revoked_at is not null`
const ended = sql`state in ('done', 'dead')`

/** Their content is deleted next. */
export async function unerased(on: TenantStatements, limit: number): Promise<Unerased[]> {
  const { message, content } = on.engine.tables
  const rows = await on.unprepared((db) =>
    db
      .select({ id: message.id, blob: message.blob, row: content.message })
      .from(message)
      .leftJoin(content, and(eq(content.tenant, message.tenant), eq(content.message, message.id)))
      .where(and(eq(message.tenant, on.tenant), eq(message.state, 'done'), kept))
      .limit(limit),
  )
  if (rows.length > 0) await on.settled()
  return rows.map(({ id, blob, row }) => ({ id: id as MessageId, blob: row === null ? blob : null }))
}

export async function copyBlobs(
  on: TenantStatements,
  messages: readonly MessageId[],
): Promise<Pick<CopyRecord, 'message' | 'blob'>[]> {
  const { copy } = on.engine.tables
  // One that stands whole in its row has no body elsewhere; the body of one that stands there in part may be the spool's.
  const apart = or(isNull(copy.head), and(isNotNull(copy.bodyStart), eq(copy.blob, copy.id)))
  const rows = await on.unprepared((db) =>
    db
      .select({ message: copy.message, blob: copy.blob })
      .from(copy)
      .where(and(eq(copy.tenant, on.tenant), inArray(copy.message, [...messages]), apart)),
  )
  return rows as Pick<CopyRecord, 'message' | 'blob'>[]
}

/** What only these led to is deleted next. */
export async function messagesWithEndedGrants(
  on: TenantStatements,
  endedBy: number,
  limit: number,
): Promise<MessageId[]> {
  const ids = await on.unprepared((db) => withEndedGrants(db, on.engine.tables, on.tenant, endedBy, limit))
  if (ids.length > 0) await on.settled()
  return ids
}

/** Two questions, one for each index: expired, and revoked. */
async function withEndedGrants(
  db: Db,
  { grant }: Tables,
  tenant: TenantId,
  endedBy: number,
  limit: number,
): Promise<MessageId[]> {
  const one = { message: grant.message }
  const expired = await db
    .select(one)
    .from(grant)
    .where(and(eq(grant.tenant, tenant), lte(grant.expiresAt, endedBy), kept))
    .orderBy(asc(grant.expiresAt))
    .limit(limit)
  const recalled = await db
    .select(one)
    .from(grant)
    .where(and(eq(grant.tenant, tenant), lte(grant.revokedAt, endedBy), kept, revoked))
    .orderBy(asc(grant.revokedAt))
    .limit(limit)
  return [...new Set([...expired, ...recalled].map((row) => row.message as MessageId))].slice(0, limit)
}

/** The states of messages that are not done. */
const NOT_DONE = ['accepted', 'planned'] as const

export async function overMessages(
  on: TenantStatements,
  { deadBy, look, after }: Parameters<TidyReads['overMessages']>[0],
): Promise<Awaited<ReturnType<TidyReads['overMessages']>>> {
  const { tables } = on.engine
  const { message } = tables
  const beyond = after === undefined ? undefined : gt(message.id, after)
  return await on.unprepared(async (db) => {
    // A state at a time is a range of `message_kept`. Of a long queue nothing is over: without a bound each look would be at all of it.
    const found: string[] = []
    for (const state of NOT_DONE) {
      const rows = await db
        .select({ id: message.id })
        .from(message)
        .where(and(eq(message.tenant, on.tenant), eq(message.state, state), kept, beyond))
        .orderBy(asc(message.id))
        .limit(look)
      for (const { id } of rows) found.push(id)
    }
    const looked = found.sort().slice(0, look)
    const end = looked.at(-1)
    if (end === undefined) return { over: [], last: null }
    const over = await db
      .select({ id: message.id })
      .from(message)
      .where(and(nothingLeft(db, tables, on.tenant, deadBy), beyond, lte(message.id, end)))
    const ids = over.map(({ id }) => id as MessageId).sort()
    return { over: ids, last: looked.length < look ? null : (end as MessageId) }
  })
}

export async function finishMessages(
  on: TenantUnit,
  { deadBy, among }: Parameters<TenantWrites['finishMessages']>[0],
): Promise<MessageId[]> {
  const { tables } = on.engine
  const { message } = tables
  return await on.unprepared(async (db) => {
    const over = await db
      .select({ id: message.id })
      .from(message)
      .where(and(nothingLeft(db, tables, on.tenant, deadBy), inArray(message.id, [...among])))
    const ids = over.map(({ id }) => id)
    if (ids.length === 0) return []
    // Another node may have finished some of them since they were found.
    const finished = await db
      .update(message)
      .set({ state: 'done' })
      .where(and(eq(message.tenant, on.tenant), inArray(message.id, ids), inArray(message.state, [...NOT_DONE])))
      .returning({ id: message.id })
    return finished.map(({ id }) => id as MessageId)
  })
}

/** What holds of a message that is to become done. */
function nothingLeft(db: Db, { message, recipient, job }: Tables, tenant: TenantId, deadBy: number) {
  const onTheWay = db
    .select({ address: recipient.address })
    .from(recipient)
    .where(
      and(
        eq(recipient.tenant, tenant),
        eq(recipient.message, message.id),
        notInArray(recipient.state, [...FINAL_STATES]),
      ),
    )
  const toDo = db
    .select({ id: job.id })
    .from(job)
    .where(
      and(
        eq(job.tenant, tenant),
        eq(job.message, message.id),
        or(inArray(job.state, ['ready', 'leased', 'held']), and(eq(job.state, 'dead'), gt(job.createdAt, deadBy))),
      ),
    )
  return and(
    eq(message.tenant, tenant),
    inArray(message.state, [...NOT_DONE]),
    kept,
    notExists(onTheWay),
    notExists(toDo),
  )
}

export async function markErased(on: TenantUnit, messages: readonly MessageId[], at: number): Promise<void> {
  const { message: table, content, copy } = on.engine.tables
  await on.once(
    on
      .db()
      .delete(content)
      .where(and(eq(content.tenant, on.tenant), inArray(content.message, [...messages]))),
  )
  await on.once(
    on
      .db()
      .update(copy)
      .set({ head: null })
      .where(and(eq(copy.tenant, on.tenant), inArray(copy.message, [...messages]))),
  )
  await on.once(
    on
      .db()
      .update(table)
      .set({ erasedAt: at })
      .where(and(eq(table.tenant, on.tenant), inArray(table.id, [...messages]))),
  )
}

export async function markGrantsErased(
  db: Db,
  { grant }: Tables,
  tenant: TenantId,
  { message, endedBy, at }: { message: MessageId; endedBy: number; at: number },
): Promise<string[]> {
  const marked = await db
    .update(grant)
    .set({ erasedAt: at })
    .where(
      and(
        eq(grant.tenant, tenant),
        eq(grant.message, message),
        isNull(grant.erasedAt),
        or(lte(grant.expiresAt, endedBy), lte(grant.revokedAt, endedBy)),
      ),
    )
    .returning({ id: grant.id })
  return marked.map(({ id }) => id)
}

type Purge = (db: Db, tables: Tables, tenant: TenantId, by: number, limit: number) => Promise<number>

/** Purges by a time column: up to the time of the `limit`-th row, or up to `by` where there are fewer. */
const byTime =
  (
    of: (tables: Tables) => Tables['code'] | Tables['portalSession'] | Tables['idempotency'] | Tables['decisionInput'],
  ): Purge =>
  async (db, tables, tenant, by, limit) => {
    const table = of(tables)
    const time = 'expiresAt' in table ? table.expiresAt : 'createdAt' in table ? table.createdAt : table.at
    const due = and(eq(table.tenant, tenant), lte(time, by))
    const [last] = await db
      .select({ time })
      .from(table)
      .where(due)
      .orderBy(asc(time))
      .limit(1)
      .offset(limit - 1)
    const gone = await db
      .delete(table)
      .where(and(eq(table.tenant, tenant), lte(time, last?.time ?? by)))
      .returning({ time })
    return gone.length
  }

export const purge: Readonly<Record<Purged, Purge>> = {
  codes: byTime((tables) => tables.code),
  sessions: byTime((tables) => tables.portalSession),
  idempotency: byTime((tables) => tables.idempotency),
  inputs: byTime((tables) => tables.decisionInput),
  async jobs(db, { job, message }, tenant, by, limit) {
    const ofDone = db
      .select({ id: message.id })
      .from(message)
      .where(and(eq(message.tenant, tenant), eq(message.id, job.message), eq(message.state, 'done')))
    const over = await db
      .select({ id: job.id })
      .from(job)
      .where(
        and(
          eq(job.tenant, tenant),
          lte(job.createdAt, by),
          ended,
          or(and(eq(job.message, ''), eq(job.state, 'done')), exists(ofDone)),
        ),
      )
      .orderBy(asc(job.createdAt))
      .limit(limit)
    if (over.length === 0) return 0
    const ids = over.map(({ id }) => id)
    await db.delete(job).where(and(eq(job.tenant, tenant), inArray(job.id, ids)))
    return ids.length
  },
}
