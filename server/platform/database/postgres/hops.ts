import type { SQL } from 'drizzle-orm'
import type { Db } from '../database.ts'
import type { Hop, HopFrom } from '../dialect.ts'
import { orm } from '../drizzle.ts'
import { tables } from '../schema.pg.ts'

const { sql } = orm

/** Lanes of one answer: bounds what a look costs where very many wait for a later time. */
const HOPS = 200

/**
 * The lanes after one, each with its first ready job: one index seek a lane, as on SQLite, and one way to the server for many
 * of them. The recursion is a loose index scan: each row seeks the first one beyond its own lane.
 */
export function hops(db: Db, from: HopFrom, due: SQL<number>): Promise<Hop[]> {
  const { job } = tables
  const first = (tenant: unknown, lane: unknown) => sql`
    select ${job.tenant}, ${job.lane}, ${job.runAt} from ${job}
    where ${job.state} <> 'done' and ${job.state} = 'ready' and ${job.queue} = ${from.queue}
      and (${job.tenant}, ${job.lane}) > (${tenant}, ${lane})
    order by ${job.tenant}, ${job.lane}, ${job.runAt} limit 1`
  const walk = sql`(with recursive hop (tenant, lane, run_at, n) as (
      select first.*, 1 from (${first(from.tenant, from.lane)}) as first
      union all
      select next.*, hop.n + 1 from hop cross join lateral (${first(sql`hop.tenant`, sql`hop.lane`)}) as next where hop.n < ${HOPS}
    ) select * from hop) as hop`
  return db
    .select({
      tenant: sql<string>`hop.tenant`,
      lane: sql<string>`hop.lane`,
      runAt: sql<number>`hop.run_at`.mapWith(Number),
      due: sql<number>`case when hop.run_at <= ${due} then 1 else 0 end`,
    })
    .from(walk)
    .orderBy(sql`hop.n`)
}
