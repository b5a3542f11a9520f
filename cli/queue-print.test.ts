/** What `secflow queue` says, in both languages. */
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import type { QueueJob, QueueLane, WaitingRecipient } from '../shared/contract/index.ts'
import type { CliIo } from './io.ts'
import { registerQueue } from './queue.ts'
import { jobLines, jobTable, laneTable, waitingTable } from './queue-print.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const at = (ms: number) => new Date(NOW + ms).toISOString()
const MINUTE = 60_000
const FAULT = '451 4.4.1 The next mail server cannot be reached: mx1.partner.example [192.0.2.7]: connect ECONNREFUSED'

const job: QueueJob = {
  id: '01a2c5f0-7c1e-7000-8000-3f2a9b1c0d41',
  queue: 'deliver',
  lane: 'partner.example',
  state: 'ready',
  message: '01a2c5f0-7c1e-7000-8000-3f2a9b1c0d4e',
  recipients: ['b@partner.example', 'c@partner.example'],
  step: 'send',
  madeAt: at(-250 * MINUTE),
  nextTry: at(12 * MINUTE),
  attempts: 3,
  crashes: 0,
  uncertain: 2,
  lastFault: FAULT,
}
const lane: QueueLane = {
  queue: 'deliver',
  lane: 'partner.example',
  ready: 120,
  leased: 0,
  held: 2,
  dead: 1,
  oldest: at(-250 * MINUTE),
  breaker: 'open',
  opensAt: at(MINUTE),
}
const recipient: WaitingRecipient = {
  message: '01a2c5f0-7c1e-7000-8000-3f2a9b1c0d4e',
  sender: 'leitstelle@demo.example',
  subject: 'Vertrag\r\nüber alles, was sonst noch dazugehört',
  address: 'b@partner.example',
  state: 'held',
  why: 'two persons look at what leaves with a contract',
  since: at(-66 * MINUTE),
  approvers: [],
}

const LANGUAGES = ['en', 'de'] as const
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

describe.each(LANGUAGES)('in 80 columns, %s', (language) => {
  const reader = { language, now: NOW, columns: 80 }
  it('nothing is wider than the terminal, and nothing is left out', () => {
    const jobs = jobTable([job], reader)
    const all = [jobs, laneTable([lane], reader), waitingTable([recipient], reader), jobLines(job, reader)]
    for (const text of all) expect(widest(text), text).toBeLessThanOrEqual(80)
    const flat = jobs.replace(/\s+/g, ' ')
    for (const cell of [job.id, 'deliver', 'partner.example', 'ready', '4h 10m', 'in 12m', FAULT])
      expect(flat).toContain(cell)
  })
})

it('where the terminal is wide, or none, a job is one line of a table', () => {
  const wide = jobTable([job, { ...job, state: 'dead', nextTry: null }], { language: 'en', now: NOW }).split('\n')
  expect(wide).toHaveLength(3)
  expect(wide[0]).toMatch(/^JOB +QUEUE +LANE +STATE +AGE +TRIES +NEXT +TO +LAST FAULT$/)
  expect(wide[2]).toMatch(/ dead +4h 10m +3 +- +b@partner\.example, /)
  expect(jobTable([job], { language: 'en', now: NOW, columns: 250 }).split('\n')).toHaveLength(2)
})

it('German tables have German heads, times and reasons; names that options take stay', () => {
  const reader = { language: 'de', now: NOW } as const
  expect(jobTable([job], reader)).toMatch(
    /^AUFTRAG +ART +ZIEL +ZUSTAND +ALTER +VERSUCHE +NÄCHSTER +AN +LETZTER FEHLER\n/,
  )
  expect(laneTable([lane], reader)).toContain('niemand dort, nächste Probe in 1m')
  expect(waitingTable([recipient], reader)).toMatch(/ held +1h 6m .* Vertrag über .* alle Berechtigten$/)
  const one = jobLines(job, reader)
  expect(one).toContain('ready (wartet auf seine Zeit oder einen freien Platz)')
  expect(one).toMatch(/^Vielleicht schon angekommen: +nach 2 der Versuche$/m)
  expect([jobTable([], reader), waitingTable([], reader)]).toEqual(['Nichts wartet.', 'Niemand wartet.'])
})

/** The help of a command line, as it is printed. */
async function help(...argv: readonly string[]): Promise<string> {
  const said: string[] = []
  const io: CliIo = { out: () => {}, err: () => {}, exit: () => {}, cwd: '.', color: false }
  const program = new Command('secflow').exitOverride().configureOutput({ writeOut: (more) => said.push(more) })
  registerQueue(program, io)
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    command.exitOverride().configureOutput({ writeOut: (more) => said.push(more) })
  await program.parseAsync(['queue', ...argv, '--help'], { from: 'user' }).catch(() => {})
  return said.join('').replace(/\s+/g, ' ')
}

describe('help', () => {
  it('is German under --lang de, before and after the sub-command, and English otherwise', async () => {
    expect(await help('--lang', 'de')).toMatch(
      /^Aufruf: secflow queue .*Befehle: list \[Optionen\] Aufträge, die nicht/,
    )
    expect(await help('--lang', 'de', 'list')).toBe(await help('list', '--lang', 'de'))
    expect(await help('list', '--lang', 'de')).toContain('(Auswahl: "ready"')
    expect(await help('list')).toMatch(/^Usage: .*Example: /)
  })

  it('says everything in German: no English text is left', async () => {
    const program = new Command('secflow')
    registerQueue(program, { out: () => {}, err: () => {}, exit: () => {}, cwd: '.', color: false })
    const [queue] = program.commands
    for (const command of queue!.commands) {
      const german = await help(command.name(), '--lang', 'de')
      const english = [command, ...command.options, ...command.registeredArguments].map((one) =>
        'description' in one && typeof one.description === 'function' ? one.description() : String(one.description),
      )
      for (const text of english) expect(german, command.name()).not.toContain(` ${text} `)
    }
  })
})
