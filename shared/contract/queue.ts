import { z } from 'zod'
import { JOB_QUEUES } from '../domain/index.ts'
import { Address } from './address.ts'

export const QUEUES = JOB_QUEUES
export const OPEN_JOB_STATES = ['ready', 'leased', 'held', 'dead'] as const

const Queue = z.enum(QUEUES)
const State = z.enum([...OPEN_JOB_STATES, 'done']).meta({
  description:
    'ready: waits for its time. leased: a worker has it. held: waits for a release. dead: given up, waits for an operator.',
})

export const QueueJob = z
  .object({
    id: z.string(),
    queue: Queue,
    lane: z.string().meta({ description: 'Next hop or service that shares limits; empty for the default one.' }),
    state: State,
    message: z.string().nullable(),
    recipients: z.array(z.string()),
    step: z.string(),
    madeAt: z.iso.datetime(),
    nextTry: z.iso.datetime().nullable().meta({ description: 'null: it waits for a worker or for a person.' }),
    attempts: z.int(),
    crashes: z.int().meta({ description: 'Workers that ended with it since its last orderly attempt.' }),
    uncertain: z.int().meta({ description: 'Attempts after which the recipients may have had the mail.' }),
    lastFault: z.string(),
  })
  .meta({ id: 'QueueJob' })
export type QueueJob = z.infer<typeof QueueJob>

export const QueueListQuery = z.object({
  queue: Queue.optional(),
  lane: z.string().max(255).optional(),
  state: z.enum(OPEN_JOB_STATES).optional(),
  message: z.uuid().optional(),
  olderThan: z.coerce.number().int().min(0).max(1e9).optional().meta({ description: 'Seconds since it was made.' }),
  after: z.string().max(64).optional().meta({ description: 'Last id of the page before.' }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})
export type QueueListQuery = z.infer<typeof QueueListQuery>

export const QueueJobs = z
  .object({ jobs: z.array(QueueJob).meta({ description: 'The oldest first.' }) })
  .meta({ id: 'QueueJobs' })

export const QueueLane = z
  .object({
    queue: Queue,
    lane: z.string(),
    ready: z.int(),
    leased: z.int(),
    held: z.int(),
    dead: z.int(),
    oldest: z.iso.datetime().nullable(),
    breaker: z
      .enum(['closed', 'open', 'half-open'])
      .meta({ description: 'open: its next hop is not there and is left alone. Of this process.' }),
    opensAt: z.iso.datetime().nullable().meta({ description: 'When an open lane is probed.' }),
  })
  .meta({ id: 'QueueLane' })
export type QueueLane = z.infer<typeof QueueLane>
export const QueueLanes = z.object({ lanes: z.array(QueueLane) }).meta({ id: 'QueueLanes' })

export const WaitingRecipient = z
  .object({
    message: z.string(),
    sender: z.string(),
    subject: z.string(),
    address: z.string(),
    state: z.enum(['held', 'quarantined']),
    why: z.string(),
    since: z.iso.datetime(),
    approvers: z
      .array(z.string())
      .meta({ description: 'Who may release, as the policy names them: addresses or roles. Empty: any operator.' }),
  })
  .meta({ id: 'WaitingRecipient' })
export type WaitingRecipient = z.infer<typeof WaitingRecipient>
export const WaitingRecipients = z
  .object({ recipients: z.array(WaitingRecipient).meta({ description: 'Those that wait longest first.' }) })
  .meta({ id: 'WaitingRecipients' })

const reason = z.string().trim().min(1).max(1000).meta({ description: 'Why; stands in the audit.' })
const report = z.boolean().default(true).meta({ description: 'For drop: tell the sender, if he may be told.' })

export const QUEUE_ACTIONS = ['hold', 'release', 'retry', 'drop'] as const
export type QueueAction = (typeof QUEUE_ACTIONS)[number]
export const ActOnJob = z.object({ reason, report }).meta({ id: 'ActOnJob' })
export const ActOnWaiting = z
  .object({
    recipients: z.array(Address).min(1).max(1000).optional().meta({ description: 'All that wait, when left out.' }),
    reason,
    report,
  })
  .meta({ id: 'ActOnWaiting' })
export const ActedOnWaiting = z.object({ recipients: z.array(z.string()) }).meta({ id: 'ActedOnWaiting' })
