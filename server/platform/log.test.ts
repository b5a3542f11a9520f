import { expect, test } from 'vitest'
import { Fault } from '../../shared/fault/index.ts'
import { cpuMs } from '../../test/support/cpu-time.ts'
import { createLog } from './log.ts'

function capture(level: 'debug' | 'info' = 'info', key = 'k') {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  return { log: createLog({ level, hashKey: Buffer.from(key), destination }), lines }
}

test('a line has time, level, event and tenant; a child adds its fields once', () => {
  const { log, lines } = capture()
  log.info('started')
  log.child({ tenant: 'alpha' }).child({ message: 'm1' }).warn('slow', { ms: 5 })
  expect(lines[0]).toMatchObject({ level: 'info', event: 'started', tenant: '-', time: expect.stringMatching(/Z$/) })
  expect(lines[1]).toMatchObject({ level: 'warn', event: 'slow', tenant: 'alpha', message: 'm1', ms: 5 })
})

test('no address reaches a line at info or above, wherever it stands', () => {
  const { log, lines } = capture()
  log.error('failed', {
    from: 'Anna@alpha.example',
    to: ['b@peer.example', 'c@peer.example'],
    phone: '+4915112345678',
    reply: '550 5.1.1 <b@peer.example>: user unknown',
    nested: { recipient: 'anna@alpha.example', list: [{ text: 'to=d@peer.example' }] },
    error: new Fault('address-invalid', 'e@peer.example', { cause: new Error('f@peer.example') }),
  })
  const line = JSON.stringify(lines[0])
  expect(line).not.toMatch(/@|peer\.example|alpha\.example|49151/)
  const fields = lines[0] as { from: string; to: string[]; nested: { recipient: string }; reply: string }
  expect(fields.from).toMatch(/^#[0-9a-f]{12}$/)
  expect(fields.nested.recipient).toBe(fields.from)
  expect(fields.reply).toBe(`550 5.1.1 <${fields.to[0]}>: user unknown`)
  expect(lines[0]!.error).toMatchObject({ code: 'address-invalid' })
})

test('hashes of two installations differ', () => {
  const [one, two] = [capture('info', 'a'), capture('info', 'b')]
  for (const { log } of [one, two]) log.info('x', { from: 'anna@alpha.example' })
  expect(one.lines[0]!.from).not.toBe(two.lines[0]!.from)
})

test('debug shows addresses, and only when asked for', () => {
  const { log, lines } = capture('debug')
  log.debug('seen', { from: 'anna@alpha.example' })
  expect(lines[0]).toMatchObject({ from: 'anna@alpha.example', tenant: '-' })
  const quiet = capture()
  quiet.log.debug('seen')
  expect(quiet.lines).toEqual([])
})

test('a hostile text costs little time and a bounded line', () => {
  const { log, lines } = capture()
  const start = cpuMs()
  log.error('x', { a: `@${'a'.repeat(1_000_000)}`, b: 'a@'.repeat(500_000) })
  expect(cpuMs() - start).toBeLessThan(500)
  expect(JSON.stringify(lines[0]).length).toBeLessThan(100_000)
})
