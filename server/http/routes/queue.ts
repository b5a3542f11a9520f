import { z } from 'zod'
import {
  ActedOnWaiting,
  ActOnJob,
  ActOnWaiting,
  QUEUE_ACTIONS,
  QueueJob,
  QueueJobs,
  type QueueLane,
  QueueLanes,
  QueueListQuery,
  WaitingRecipients,
} from '../../../shared/contract/index.ts'
import type { JobRecord, MessageId } from '../../../shared/domain/index.ts'
import type { DeliverPayload } from '../../journey/deliver/payload.ts'
import type { Operator } from '../../journey/operate/operator.ts'
import type { JobCount } from '../../ports/store.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import type { Identity } from '../services.ts'
import { typed } from '../typed.ts'

const tags = ['queue']
const ById = z.object({ id: z.uuid() })
const JobAction = ById.extend({ action: z.enum(QUEUE_ACTIONS) })
const WaitingAction = ById.extend({ action: z.enum(['release', 'drop']) })
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: z.uuid().optional().meta({ description: 'Last message of the page before.' }),
})

/** The queue of a tenant in the hand of its operator. Payloads are never shown: they may hold what is sealed. */
export const queueRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  const { desk } = services
  app.get(
    '/api/v1/queue',
    {
      config: { access: ['queue:read'] },
      schema: {
        summary: 'Jobs that are not done',
        operationId: 'listQueue',
        tags,
        querystring: QueueListQuery,
        response: { 200: QueueJobs },
      },
    },
    async (request) => {
      const { olderThan, message, after, queue, lane, state, limit } = request.query
      const jobs = await desk.list(caller(request).tenant, {
        limit,
        ...(after === undefined ? {} : { after }),
        ...(queue === undefined ? {} : { queue }),
        ...(lane === undefined ? {} : { lane }),
        ...(state === undefined ? {} : { state }),
        ...(message === undefined ? {} : { message: message as MessageId }),
        ...(olderThan === undefined ? {} : { madeBy: services.clock.now() - olderThan * 1000 }),
      })
      return { jobs: jobs.map(jobView) }
    },
  )
  app.get(
    '/api/v1/queue/lanes',
    {
      config: { access: ['queue:read'] },
      schema: { summary: 'Lanes with their state', operationId: 'listLanes', tags, response: { 200: QueueLanes } },
    },
    async (request) => {
      const { tenant } = caller(request)
      const views = services.lanes().filter((view) => view.tenant === tenant)
      return { lanes: lanesOf(await desk.counts(tenant), views, services.clock.now()) }
    },
  )
  app.get(
    '/api/v1/queue/waiting',
    {
      config: { access: ['queue:read'] },
      schema: {
        summary: 'Recipients that wait for a person',
        operationId: 'listWaiting',
        tags,
        querystring: Page,
        response: { 200: WaitingRecipients },
      },
    },
    async (request) => {
      const { limit, after } = request.query
      const query = { limit, ...(after === undefined ? {} : { after: after as MessageId }) }
      const rows = await desk.waiting(caller(request).tenant, query)
      return {
        recipients: rows.map(({ message, sender, subject, address, state, detail, updatedAt, approvers }) => ({
          message,
          sender,
          subject,
          address,
          state: state === 'held' ? ('held' as const) : ('quarantined' as const),
          why: detail,
          since: iso(updatedAt),
          approvers: [...approvers],
        })),
      }
    },
  )
  app.get(
    '/api/v1/queue/jobs/:id',
    {
      config: { access: ['queue:read'] },
      schema: { summary: 'One job', operationId: 'getJob', tags, params: ById, response: { 200: QueueJob } },
    },
    async (request) => jobView(await desk.show(caller(request).tenant, request.params.id)),
  )
  app.post(
    '/api/v1/queue/jobs/:id/:action',
    {
      config: { access: ['queue:act'] },
      schema: {
        summary: 'Hold, release, retry or drop a job',
        description: 'A job that a worker has in hand is its worker’s: 409 `job-running`.',
        operationId: 'actOnJob',
        tags,
        params: JobAction,
        body: ActOnJob,
        response: { 200: QueueJob },
      },
    },
    async (request) => {
      const identity = caller(request)
      const { id, action } = request.params
      const { reason, report } = request.body
      return jobView(await desk.act(identity.tenant, id, action, { by: operator(identity), reason, report }))
    },
  )
  app.post(
    '/api/v1/queue/messages/:id/:action',
    {
      // Who may is the policy's word: its hold names them.
      config: { access: 'authenticated' },
      schema: {
        summary: 'Release or drop recipients that wait for a person',
        description: 'Released ones are decided again, the rules that held them satisfied; every other rule stands.',
        operationId: 'actOnWaiting',
        tags,
        params: WaitingAction,
        body: ActOnWaiting,
        response: { 200: ActedOnWaiting },
      },
    },
    async (request) => {
      const identity = caller(request)
      const { id, action } = request.params
      const { recipients, reason, report } = request.body
      const acted = { by: operator(identity), reason, report }
      return { recipients: await desk[action](identity.tenant, id as MessageId, recipients ?? null, acted) }
    },
  )
}

const operator = ({ subject, address, roles, scopes }: Identity): Operator => ({
  subject,
  address,
  roles,
  acts: scopes.includes('queue:act'),
})

function jobView(job: JobRecord): QueueJob {
  const { id, queue, lane, state, message, step, attempt, crashes, dots, lastFault, createdAt, runAt } = job
  const payload = (job.payload ?? {}) as Partial<DeliverPayload>
  return {
    id,
    queue,
    lane,
    state,
    message,
    recipients: Array.isArray(payload.recipients) ? payload.recipients.map(String) : [],
    step,
    madeAt: iso(createdAt),
    nextTry: state === 'ready' ? iso(runAt) : null,
    // A deferred delivery is a new job each time; its payload counts those before.
    attempts: attempt + (queue === 'deliver' ? (payload.attempt ?? 1) - 1 : 0),
    crashes,
    uncertain: dots + (payload.uncertain ?? 0),
    lastFault: lastFault || (payload.reply ?? ''),
  }
}

type View = ReturnType<Parameters<Routes>[1]['lanes']>[number]

function lanesOf(counts: readonly JobCount[], views: readonly View[], now: number): QueueLane[] {
  const lanes = new Map<string, QueueLane>()
  const laneOf = ({ queue, lane }: Pick<JobCount, 'queue' | 'lane'>): QueueLane => {
    const key = `${queue}\n${lane}`
    const known = lanes.get(key)
    if (known) return known
    const made: QueueLane = {
      queue,
      lane,
      ready: 0,
      leased: 0,
      held: 0,
      dead: 0,
      oldest: null,
      breaker: 'closed',
      opensAt: null,
    }
    lanes.set(key, made)
    return made
  }
  for (const { state, count, oldest, ...at } of counts) {
    const lane = laneOf(at)
    if (state !== 'done') lane[state] = count
    if (lane.oldest === null || iso(oldest) < lane.oldest) lane.oldest = iso(oldest)
  }
  for (const { breaker, opensIn, ...at } of views) {
    if (breaker === 'closed') continue
    const lane = laneOf(at)
    lane.breaker = breaker
    lane.opensAt = opensIn === null ? null : iso(now + opensIn)
  }
  return [...lanes.values()]
}

const iso = (time: number) => new Date(time).toISOString()
