/** The queue as tables. What a next hop or a sender wrote is shown on one line and without control characters. */
import type { QueueJob, QueueLane, WaitingRecipient } from '../shared/contract/index.ts'
import type { Language } from './language.ts'
import { queueWords, stateInWords } from './queue-words.ts'
import { type Column, fields, table } from './table.ts'

/** For whom a table is written. */
export interface Reader {
  readonly language: Language
  /** Epoch ms. */
  readonly now: number
  /** Of a line; as long as it wants to be, when left out. */
  readonly columns?: number | undefined
}

export function jobTable(jobs: readonly QueueJob[], reader: Reader): string {
  const words = queueWords[reader.language]
  if (jobs.length === 0) return words.nothing
  const { job, queue, lane, state, age, tries, next, to, fault } = words.jobs
  const columns = [job, queue, lane, state, age, tries, next, { head: to, most: 40 }, { head: fault, most: 60 }]
  const rows = jobs.map((one) => [
    one.id,
    one.queue,
    one.lane,
    one.state,
    since(one.madeAt, reader),
    String(one.attempts),
    one.nextTry === null ? '' : until(one.nextTry, reader),
    one.recipients.join(', '),
    one.lastFault,
  ])
  return table(columns.map(asColumn), rows, reader.columns)
}

export function laneTable(lanes: readonly QueueLane[], reader: Reader): string {
  const words = queueWords[reader.language]
  if (lanes.length === 0) return words.nothing
  const { queue, lane, ready, leased, held, dead, oldest, breaker } = words.lanes
  const rows = lanes.map((one) => [
    one.queue,
    one.lane,
    ...[one.ready, one.leased, one.held, one.dead].map(String),
    one.oldest === null ? '' : since(one.oldest, reader),
    one.breaker === 'open' && one.opensAt !== null
      ? words.opens(until(one.opensAt, reader))
      : words.breaker[one.breaker],
  ])
  return table([queue, lane, ready, leased, held, dead, oldest, breaker].map(asColumn), rows, reader.columns)
}

export function waitingTable(recipients: readonly WaitingRecipient[], reader: Reader): string {
  const words = queueWords[reader.language]
  if (recipients.length === 0) return words.nobody
  const { message, state, since: age, from, to, subject, why, approvers } = words.waiting
  const columns = [
    message,
    state,
    age,
    { head: from, most: 30 },
    { head: to, most: 30 },
    { head: subject, most: 30 },
    { head: why, most: 40 },
    approvers,
  ]
  const rows = recipients.map((one) => [
    one.message,
    one.state,
    since(one.since, reader),
    one.sender,
    one.address,
    one.subject,
    one.why,
    one.approvers.join(', ') || words.anyOperator,
  ])
  return table(columns.map(asColumn), rows, reader.columns)
}

export function jobLines(job: QueueJob, reader: Reader): string {
  const { language, columns } = reader
  const { jobs, one, ago, attempts, no } = queueWords[language]
  return fields(
    [
      [jobs.job, job.id],
      [jobs.queue, job.queue],
      [jobs.lane, job.lane],
      [jobs.state, stateInWords(job.state, language)],
      [one.message, job.message ?? ''],
      [one.recipients, job.recipients.join(', ')],
      [one.step, job.step],
      [one.made, `${job.madeAt} (${ago(since(job.madeAt, reader))})`],
      [one.next, job.nextTry === null ? '' : `${job.nextTry} (${until(job.nextTry, reader)})`],
      [one.tries, String(job.attempts)],
      [one.crashes, String(job.crashes)],
      [one.uncertain, job.uncertain === 0 ? no : attempts(job.uncertain)],
      [one.fault, job.lastFault],
    ],
    columns,
  )
}

const asColumn = (column: string | Column): Column => (typeof column === 'string' ? { head: column } : column)

const since = (time: string, { now }: Reader) => duration(Math.max(0, now - Date.parse(time)))

function until(time: string, { now, language }: Reader): string {
  const left = Date.parse(time) - now
  return left <= 0 ? queueWords[language].now : queueWords[language].in(duration(left))
}

/** The two largest units, as `--older-than` takes them: `2d 4h`, `15m`, `8s`. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  if (first < 0) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}
