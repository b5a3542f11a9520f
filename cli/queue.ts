/** `secflow queue`: what waits in a gateway, and what its operator does about it. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  OPEN_JOB_STATES,
  QUEUE_ACTIONS,
  QUEUES,
  type QueueAction,
  type QueueJob,
  type QueueLane,
  type WaitingRecipient,
} from '../shared/contract/index.ts'
import { Fault } from '../shared/fault/index.ts'
import type { Api } from './api.ts'
import { germanHelp } from './german-help.ts'
import type { CliIo } from './io.ts'
import { chosenLanguage, type Language, language } from './language.ts'
import { print, run } from './policy-command.ts'
import { jobLines, jobTable, laneTable, type Reader, waitingTable } from './queue-print.ts'
import { QUEUE_HELP, queueWords } from './queue-words.ts'
import { connect, problem, type Remote, type RemoteParts, remote } from './remote.ts'

export interface QueueParts extends RemoteParts {
  /** Epoch ms. */
  now(): number
}

interface Asked extends Remote {
  readonly lang: Language
}

interface Filters {
  readonly queue?: string
  readonly lane?: string
  readonly state?: string
  readonly message?: string
  readonly olderThan?: number
}

interface ListOptions extends Asked, Filters {
  readonly limit: number
}

interface ActOptions extends Asked, Filters {
  readonly reason: string
  readonly yes?: boolean
  /** `--no-report`. */
  readonly report: boolean
  readonly held?: string
  readonly to?: readonly string[]
}

const machine: QueueParts = { env: process.env, now: () => Date.now() }
/** Answers of the gateway that are findings. */
const FINDINGS = ['job-running', 'job-state', 'not-found', 'forbidden', 'request-invalid']
/** Jobs that one command touches at most. */
const MOST = 100_000
const PAGE = 1000

export function registerQueue(program: Command, io: CliIo, parts: QueueParts = machine): void {
  const queue = germanHelp(program.command('queue'), QUEUE_HELP)
    .description('what waits in a gateway: look, hold, release, retry, drop')
    .enablePositionalOptions()
    .option('--lang <language>', 'de or en', language)
  registerLooks(queue, io, parts)
  for (const action of QUEUE_ACTIONS) registerAction(queue, io, parts, action)
}

function registerLooks(queue: Command, io: CliIo, parts: QueueParts): void {
  filtered(asking(queue.command('list'), 'list --state dead --older-than 2h'))
    .description('jobs that are not done, the oldest first')
    .option('--limit <number>', 'at most so many', countOf, 50)
    .action((_: unknown, command: Command) =>
      ask(io, command, async (options: ListOptions) => {
        const jobs = await selected(gatewayOf(options, parts), options, options.limit)
        if (options.json) print(io, { jobs })
        else io.out(jobTable(jobs, reader(options, io, parts)))
        io.exit(0)
      }),
    )
  asking(queue.command('lanes'), 'lanes')
    .description('destinations with what waits for each, and which are left alone because nobody answers there')
    .action((_: unknown, command: Command) =>
      ask(io, command, async (options: Asked) => {
        const { lanes } = (await got(gatewayOf(options, parts), '/queue/lanes')) as { readonly lanes: QueueLane[] }
        if (options.json) print(io, { lanes })
        else io.out(laneTable(lanes, reader(options, io, parts)))
        io.exit(0)
      }),
    )
  asking(queue.command('waiting'), 'waiting')
    .description('recipients that are held or quarantined until a person decides')
    .option('--limit <number>', 'at most so many', countOf, 100)
    .action((_: unknown, command: Command) =>
      ask(io, command, async (options: Asked & { readonly limit: number }) => {
        const body = await got(gatewayOf(options, parts), `/queue/waiting?limit=${Math.min(options.limit, PAGE)}`)
        const { recipients } = body as { readonly recipients: WaitingRecipient[] }
        if (options.json) print(io, { recipients })
        else io.out(waitingTable(recipients, reader(options, io, parts)))
        io.exit(0)
      }),
    )
  asking(queue.command('show').argument('<job>', 'id of the job'), 'show 01a2c5f0-7c1e-7000-8000-3f2a9b1c0d4e')
    .description('one job')
    .action((id: string, _: unknown, command: Command) =>
      ask(io, command, async (options: Asked) => {
        const { ok, body } = await gatewayOf(options, parts).get(`/queue/jobs/${encodeURIComponent(id)}`)
        if (options.json) print(io, body)
        else if (ok) io.out(jobLines(body as unknown as QueueJob, reader(options, io, parts)))
        else io.err(problem(id, body))
        io.exit(ok ? 0 : 1)
      }),
    )
}

const WHAT: Readonly<Record<QueueAction, string>> = {
  hold: 'nobody works on these jobs until they are released',
  release: 'jobs that were held go on; with --held, recipients that wait for a person are decided again',
  retry: 'try again now, with a clean slate; also what was given up',
  drop: 'give up for good: the recipients end as dropped, the sender gets a report',
}

function registerAction(queue: Command, io: CliIo, parts: QueueParts, action: QueueAction): void {
  const example = {
    hold: 'hold --lane partner.example --yes --reason "their server eats mail"',
    release: 'release --held 01a2c5f0-7c1e-7000-8000-3f2a9b1c0d4e --to b@partner.example --reason "checked by phone"',
    retry: 'retry --state dead --lane partner.example --yes --reason "certificate renewed"',
    drop: 'drop 01a2c5f0-7c1e-7000-8000-3f2a9b1c0d4e --reason "test mail"',
  }[action]
  const command = filtered(asking(queue.command(action).argument('[jobs...]', 'ids of jobs'), example))
    .description(WHAT[action])
    .requiredOption('--reason <text>', 'why; stands in the audit')
    .option('--yes', 'do it to all that the filters find')
  if (action === 'release' || action === 'drop')
    command
      .option('--held <message>', 'recipients of this message that are held or quarantined')
      .option('--to <address...>', 'only these of them')
  if (action === 'drop') command.option('--no-report', 'the sender is not told')
  command.action((ids: readonly string[], _: unknown, asked: Command) =>
    ask(io, asked, async (options: ActOptions) => {
      const api = gatewayOf(options, parts)
      const words = queueWords[options.lang]
      const { reason } = options
      const body = { reason, report: options.report !== false }
      if (options.held !== undefined) return await actOnHeld(io, api, action, options, body)
      const filters = hasFilters(options)
      if (ids.length > 0 === filters) {
        io.err(words.which)
        return io.exit(2)
      }
      const found = filters ? (await selected(api, options, MOST)).map(({ id }) => id) : ids
      if (found.length > 1 && !options.yes) {
        io.err(words.many(found.length))
        return io.exit(2)
      }
      const done: QueueJob[] = []
      const refused: { readonly id: string; readonly why: string }[] = []
      const meanwhile: string[] = []
      for (const id of found) {
        const answer = await api.post(`/queue/jobs/${encodeURIComponent(id)}/${action}`, body)
        if (answer.ok) done.push(answer.body as unknown as QueueJob)
        // It waited a moment ago: a worker or another operator was faster.
        else if (filters && action === 'retry' && FASTER.includes(String(answer.body.code))) meanwhile.push(id)
        else refused.push({ id, why: problem(id, answer.body) })
      }
      if (options.json) print(io, { action, jobs: done, meanwhile, refused })
      else {
        for (const { why } of refused) io.err(why)
        const faster = meanwhile.length > 0 ? words.faster(meanwhile.length) : ''
        const not = refused.length > 0 ? words.refused(refused.length) : ''
        io.out(`${words.done[action]}: ${done.length}${faster}${not}`)
      }
      io.exit(refused.length > 0 || found.length === 0 ? 1 : 0)
    }),
  )
}

/** Of a job that is tried, done or dropped by now. */
const FASTER: readonly string[] = ['job-running', 'job-state']

async function actOnHeld(
  io: CliIo,
  api: Api,
  action: QueueAction,
  { held = '', to, json, lang }: ActOptions,
  body: object,
): Promise<void> {
  const path = `/queue/messages/${encodeURIComponent(held)}/${action}`
  const answer = await api.post(path, { ...body, ...(to ? { recipients: to } : {}) })
  if (json) print(io, answer.body)
  else if (answer.ok) io.out(`${queueWords[lang].done[action]}: ${(answer.body.recipients as string[]).join(', ')}`)
  else io.err(problem(held, answer.body))
  io.exit(answer.ok ? 0 : 1)
}

/** What a look must give; a gateway that refuses it cannot be looked at. */
async function got(api: Api, path: string): Promise<unknown> {
  const { ok, body } = await api.get(path)
  if (!ok) throw new Fault('config-invalid', [body.title, body.detail].filter(Boolean).join(': '))
  return body
}

/** Jobs that the filters find, page by page. */
async function selected(api: Api, filters: Filters, most: number): Promise<QueueJob[]> {
  const found: QueueJob[] = []
  for (;;) {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, most - found.length)) })
    const { queue, lane, state, message, olderThan } = filters
    for (const [name, value] of Object.entries({ queue, lane, state, message, olderThan }))
      if (value !== undefined) query.set(name, String(value))
    const last = found.at(-1)
    if (last) query.set('after', last.id)
    const { jobs } = (await got(api, `/queue?${query}`)) as { readonly jobs: QueueJob[] }
    found.push(...jobs)
    if (jobs.length < PAGE || found.length >= most) return found
  }
}

const hasFilters = ({ queue, lane, state, message, olderThan }: Filters) =>
  [queue, lane, state, message, olderThan].some((value) => value !== undefined)

const gatewayOf = (options: Asked, parts: QueueParts) =>
  connect(options, parts, { language: options.lang, findings: FINDINGS })

const reader = ({ lang }: Asked, { columns }: CliIo, parts: QueueParts): Reader => ({
  language: lang,
  now: parts.now(),
  columns,
})

/** Works with the options of the command and those before it, in the language they name. */
const ask = <Options extends Asked>(io: CliIo, command: Command, work: (options: Options) => Promise<void>) => {
  const lang = chosenLanguage(command)
  return run(io, () => work({ ...command.opts<Options>(), lang }), lang)
}

const asking = (command: Command, example: string) =>
  remote(command, 'queue:read, and queue:act to change anything', `secflow queue ${example}`).option(
    '--lang <language>',
    'de or en',
    language,
    'en',
  )

function filtered(command: Command): Command {
  return command
    .addOption(new Option('--queue <name>', 'kind of work').choices([...QUEUES]))
    .option('--lane <name>', 'destination: a route, a domain or a service')
    .addOption(new Option('--state <state>', 'state of the job').choices([...OPEN_JOB_STATES]))
    .option('--message <id>', 'jobs of this message')
    .option('--older-than <time>', 'made that long ago or longer: 90s, 15m, 4h, 2d', secondsOf)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

function secondsOf(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (!count || !unit) throw new InvalidArgumentError('use 90s, 15m, 4h or 2d')
  return Number(count) * UNITS[unit]!
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0 && count <= MOST) return count
  throw new InvalidArgumentError(`use a number from 1 to ${MOST}`)
}
