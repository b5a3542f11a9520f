/** The statements by which a unit of work makes jobs and ends its own; the workers' are in `queue.ts`, the operator's in `operator.ts`. */
import type { Job, JobSpec } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { uuidv7 } from '../ids.ts'
import { orm } from './drizzle.ts'
import { stillHeld } from './fence.ts'
import type { TenantUnit } from './tenant.ts'

const $ = orm.sql.placeholder

export async function enqueue(on: TenantUnit, jobs: readonly JobSpec[]): Promise<void> {
  const { job } = on.engine.tables
  const now = on.context.now()
  for (const spec of jobs) {
    await on.run(
      'enqueue',
      (db) =>
        db
          .insert(job)
          .values({
            tenant: $('tenant'),
            id: $('id'),
            queue: $('queue'),
            message: $('message'),
            lane: $('lane'),
            step: $('step'),
            payload: $('payload'),
            state: 'ready',
            attempt: 0,
            crashes: 0,
            runAt: on.engine.dialect.time($('now'), $('delay')),
            leaseUntil: null,
            leaseToken: null,
            lastFault: '',
            createdAt: $('createdAt'),
          })
          .onConflictDoNothing({ target: [job.tenant, job.message, job.queue, job.lane, job.step] })
          .prepare('enqueue'),
      {
        id: uuidv7(now),
        queue: spec.queue,
        message: spec.message ?? '',
        lane: spec.lane,
        step: spec.step,
        payload: spec.payload ?? null,
        now: on.context.steady(),
        delay: spec.runAt - now,
        createdAt: now,
      },
    )
  }
  on.announce(jobs)
}

export async function completeJob(on: TenantUnit, job: Job): Promise<void> {
  const { job: table } = on.engine.tables
  const done = await on.run(
    'completeJob',
    (db) =>
      db
        .update(table)
        .set({ state: 'done', leaseUntil: null, leaseToken: null })
        .where(stillHeld(table, { tenant: $('tenant'), id: $('id'), leaseToken: $('leaseToken') }))
        .returning({ id: table.id })
        .prepare('completeJob'),
    { id: job.id, leaseToken: job.leaseToken },
  )
  if (done.length === 0) throw new Fault('lease-lost', `job ${job.id}`)
}
