import type { JobQueue } from '../../server/ports/store.ts'
import type { Job, JobQueueName } from '../../shared/domain/index.ts'

/** Claims at most `limit` jobs of these queues, the lane that is due longest first. */
export async function claimDue(
  queue: JobQueue,
  queues: readonly JobQueueName[],
  limit: number,
  leaseMs: number,
): Promise<Job[]> {
  const jobs: Job[] = []
  for (const lane of await queue.lanes(queues)) {
    if (jobs.length >= limit) break
    jobs.push(...(await queue.claim([{ ...lane, limit: limit - jobs.length }], leaseMs)))
  }
  return jobs
}
