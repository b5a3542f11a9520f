/** The queue as tables. What a next hop or a sender wrote is shown on one line and without control characters. */
import type { QueueJob, QueueLane, WaitingRecipient } from '../shared/contract/index.ts'

export function jobTable(jobs: readonly QueueJob[], now: number): string {
  if (jobs.length === 0) return 'Nothing waits.'
  const rows = jobs.map((job) => [
    job.id,
    job.queue,
    job.lane || '-',
    job.state,
    age(job.madeAt, now),
    String(job.attempts),
    job.nextTry === null ? '-' : until(job.nextTry, now),
    cut(job.recipients.join(', ') || '-', 40),
    cut(job.lastFault || '-', 60),
  ])
  return table(['JOB', 'QUEUE', 'LANE', 'STATE', 'AGE', 'TRIES', 'NEXT', 'TO', 'LAST FAULT'], rows)
}

export function laneTable(lanes: readonly QueueLane[], now: number): string {
  if (lanes.length === 0) return 'Nothing waits.'
  const rows = lanes.map(({ queue, lane, ready, leased, held, dead, oldest, breaker, opensAt }) => [
    queue,
    lane || '-',
    ...[ready, leased, held, dead].map(String),
    oldest === null ? '-' : age(oldest, now),
    breaker === 'open' && opensAt !== null ? `nobody there, asked again ${until(opensAt, now)}` : WAY[breaker],
  ])
  return table(['QUEUE', 'LANE', 'READY', 'RUNNING', 'HELD', 'DEAD', 'OLDEST', 'WAY'], rows)
}

const WAY = { closed: 'open', open: 'nobody there', 'half-open': 'being tried' } as const

export function waitingTable(recipients: readonly WaitingRecipient[], now: number): string {
  if (recipients.length === 0) return 'Nobody waits.'
  const rows = recipients.map(({ message, sender, subject, address, state, why, since, approvers }) => [
    message,
    state,
    age(since, now),
    cut(sender, 30),
    cut(address, 30),
    cut(subject, 30),
    cut(why || '-', 40),
    approvers.join(', ') || 'any operator',
  ])
  return table(['MESSAGE', 'STATE', 'SINCE', 'FROM', 'TO', 'SUBJECT', 'WHY', 'WHO MAY RELEASE'], rows)
}

export function jobLines(job: QueueJob, now: number): string {
  const fields: readonly (readonly [string, string])[] = [
    ['Job', job.id],
    ['Queue', job.queue],
    ['Lane', job.lane || '-'],
    ['State', job.state],
    ['Message', job.message ?? '-'],
    ['Recipients', job.recipients.join(', ') || '-'],
    ['Step', job.step],
    ['Made', `${job.madeAt} (${age(job.madeAt, now)} ago)`],
    ['Next try', job.nextTry === null ? '-' : `${job.nextTry} (${until(job.nextTry, now)})`],
    ['Tries', String(job.attempts)],
    ['Crashes', String(job.crashes)],
    ['May have arrived', job.uncertain === 0 ? 'no' : `after ${job.uncertain} of its attempts`],
    ['Last fault', job.lastFault || '-'],
  ]
  return fields.map(([name, value]) => `${`${name}:`.padEnd(18)}${clean(value)}`).join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(clean))]
  const widths = head.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The two largest units: `2d 4h`, `15m`, `8s`. */
function age(time: string, now: number): string {
  return duration(Math.max(0, now - Date.parse(time)))
}

function until(time: string, now: number): string {
  const left = Date.parse(time) - now
  return left <= 0 ? 'now' : `in ${duration(left)}`
}

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

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
const clean = (text: string) => text.replace(/\p{C}+/gu, ' ')
