import type { JobQueueName, JobState } from '../../../../shared/domain/index.ts'
import type { Columns } from '../columns.pg.ts'
import { orm } from '../drizzle.ts'

const { sql } = orm

/** What the gateway did, what it has to do, and what it has answered already. */
export function workTables(c: Columns) {
  /** No foreign key to the message: the log outlives it. */
  const audit = c.table(
    'audit',
    {
      tenant: c.text('tenant').notNull(),
      seq: c.int('seq').notNull(),
      /** '' where the event concerns no message. */
      message: c.text('message').notNull(),
      /** Canonical JSON of the event, exactly as hashed: never rebuilt from columns. */
      text: c.text('text').notNull(),
      hash: c.text('hash').notNull(),
    },
    (t) => [c.primaryKey({ columns: [t.tenant, t.seq] }), c.index('audit_message').on(t.tenant, t.message, t.seq)],
  )

  const job = c.table(
    'job',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      queue: c.text('queue').$type<JobQueueName>().notNull(),
      /** '' where the job concerns no message: null would be distinct from null in `job_once`. */
      message: c.text('message').notNull(),
      lane: c.text('lane').notNull(),
      step: c.text('step').notNull(),
      payload: c.json<unknown>('payload'),
      state: c.text('state').$type<JobState>().notNull(),
      /** Claims so far. */
      attempt: c.int('attempt').notNull(),
      /** Leases that ran out since the last orderly end of an attempt. */
      crashes: c.int('crashes').notNull(),
      runAt: c.int('run_at').notNull(),
      leaseUntil: c.int('lease_until'),
      leaseToken: c.text('lease_token'),
      lastFault: c.text('last_fault').notNull(),
      createdAt: c.int('created_at').notNull(),
      /** Attempts that got as far as the final dot, the present one included. */
      dots: c.int('dots').notNull().default(0),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.uniqueIndex('job_once').on(t.tenant, t.message, t.queue, t.lane, t.step),
      c.index('job_lane').on(t.state, t.queue, t.tenant, t.lane, t.runAt, t.id).where(sql`state <> 'done'`),
      c.index('job_ended').on(t.tenant, t.createdAt).where(sql`state in ('done', 'dead')`),
    ],
  )

  const idempotency = c.table(
    'idempotency',
    {
      tenant: c.text('tenant').notNull(),
      client: c.text('client').notNull(),
      key: c.text('key').notNull(),
      bodyHash: c.text('body_hash').notNull(),
      response: c.json<{ status: number; body: string } | null>('response'),
      createdAt: c.int('created_at').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.client, t.key] }),
      c.index('idempotency_age').on(t.tenant, t.createdAt),
    ],
  )

  return { audit, job, idempotency }
}
