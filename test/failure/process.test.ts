/** Rows 2, 3, 5, 10 and 21 of docs/operate/faults-of-the-path.md: what happens to the process and to its files. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { IN_ROW } from '../../server/ports/store.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import type { Gateway } from '../support/gateway.ts'
import { hurry } from '../support/hurry.ts'
import { accountFor } from '../support/load/accounting.ts'
import { startLoad } from '../support/load/client.ts'
import { atRest, kill } from '../support/load/kill.ts'
import type { Ledger } from '../support/load/ledger.ts'
import { sendOne } from '../support/load/mail.ts'
import { type LoadRelay, loadRelay, SENDER, TENANT } from '../support/load/relay.ts'
import { type AccountingSink, openAccountingSink } from '../support/load/sink.ts'

let sink: AccountingSink
let relay: LoadRelay
let gateway: Gateway

beforeEach(async () => {
  sink = await openAccountingSink()
  relay = loadRelay(sink.port)
})
afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]()
  relay[Symbol.dispose]()
  await sink[Symbol.asyncDispose]()
})

const away = (step: string) => (step === 'greeting' ? '421 4.3.2 not now' : undefined)
const arrives = (name: string) =>
  expect.poll(() => sink.mails.get(`${name}@one.test`)?.length ?? 0, { timeout: 30_000 }).toBe(1)
const load = (ledger: Ledger) => startLoad({ port: () => gateway.smtpPort, ledger, sender: SENDER })

/** Starts it again on the same folder and closes the accounts. */
async function account(ledger: Ledger) {
  await gateway[Symbol.asyncDispose]()
  hurry(relay.folder, { leases: true })
  gateway = await relay.start()
  await atRest(gateway, 60_000)
  const records = await gateway.records(TENANT)
  return accountFor(ledger, sink.mails, records.read, SENDER)
}

test('2: when the thread that receives and sends dies, the process ends at once, and the next one has everything', async () => {
  const order = join(relay.folder, 'die')
  const preload = join(relay.folder, 'die.cjs')
  writeFileSync(
    preload,
    `const threads = require('node:worker_threads')
threads.Worker = class extends threads.Worker {
  constructor(script, options) {
    super(script, options)
    if (!String(script).includes('/edge/')) return
    setInterval(() => require('node:fs').existsSync(${JSON.stringify(order)}) && this.terminate(), 20).unref()
  }
}
require('node:module').syncBuiltinESMExports()`,
  )
  gateway = await relay.start({ env: { NODE_OPTIONS: `--require ${preload}` } })
  const ledger: Ledger = new Map()
  const running = load(ledger)
  await expect.poll(() => ledger.size, { timeout: 20_000 }).toBeGreaterThan(30)
  const began = performance.now()
  const ended = once(gateway.process, 'exit')
  writeFileSync(order, '')
  const [status] = await ended
  const took = performance.now() - began
  void running.stop()
  await running.done
  expect(status).toBe(1)
  expect(took).toBeLessThan(5_000)
  expect(gateway.log()).toContain('edge.failed')
  rmSync(order)
  const sum = await account(ledger)
  expect(sum.wrong).toEqual([])
  expect(sum.accepted).toBeGreaterThan(10)
})

test('3: SIGTERM under load finishes what runs, takes nothing new, ends with 0 within 30 s; nothing comes twice', async () => {
  gateway = await relay.start()
  const ledger: Ledger = new Map()
  const running = load(ledger)
  await expect.poll(() => ledger.size, { timeout: 20_000 }).toBeGreaterThan(50)
  const began = performance.now()
  const status = gateway.stop()
  await pause(200)
  void running.stop()
  expect(await status).toBe(0)
  expect(performance.now() - began).toBeLessThan(30_000)
  await running.done
  const cut = [...ledger.values()].filter(({ fate }) => fate === 'unanswered')
  expect(cut).toEqual([])
  const sum = await account(ledger)
  expect(sum).toMatchObject({ wrong: [], duplicate: 0, uncertain: 0, lost: 0 })
})

test.each([
  ['a short mail: rows on disk', 3_000, ['recorded', 'committed']],
  [
    'a long mail: file on disk, name on disk, rows on disk',
    IN_ROW,
    ['written', 'flushed', 'renamed', 'named', 'recorded', 'committed'],
  ],
])(
  '5: %s, then 250: as the kernel saw it',
  async (_, size, steps) => {
    gateway = await relay.start()
    // The first mail makes folders and opens what stays open.
    expect((await sendOne(gateway.smtpPort, 'warm', { size })).reply).toMatch(/^250/)
    await arrives('warm')
    sink.mood = away
    const trace = join(relay.folder, 'trace')
    const calls = 'trace=write,writev,pwrite64,fdatasync,fsync,rename,renameat,renameat2,sendmsg,sendto'
    const strace = spawn(
      'strace',
      ['-f', '-y', '-s', '48', '-o', trace, '-e', calls, '-p', String(gateway.process.pid)],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    await once(strace.stderr, 'data')
    await pause(300)
    const { reply } = await sendOne(gateway.smtpPort, 'traced', { size })
    expect(reply).toMatch(/^250/)
    await pause(300)
    strace.kill('SIGINT')
    await once(strace, 'close')

    const order: string[] = []
    const begun = new Map<string, string>()
    for (const line of readFileSync(trace, 'latin1').split('\n')) {
      const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
      const what = nameOf(call) ?? (call.includes('resumed>') ? begun.get(thread) : undefined)
      if (!what) continue
      // A call counts from its end; that of the reply from its beginning.
      if (call.includes('<unfinished') && what !== '250') begun.set(thread, what)
      else order.push(what)
    }
    const end = order.indexOf('250')
    const before = order.slice(0, end)
    expect(end).toBeGreaterThan(0)
    // Each step after the one before it; other work of the gateway may flush in between.
    let from = 0
    for (const step of steps) {
      const at = before.indexOf(step, from)
      expect(at, `${step} in ${before}`).toBeGreaterThanOrEqual(from)
      from = at + 1
    }
    // A short mail has no file at all.
    expect(before.includes('written')).toBe(steps.includes('written'))
  },
  60_000,
)

/** A step of the acceptance by the call that does it. */
function nameOf(call: string): string | undefined {
  if (/^p?write(64|v)?\(\d+<[^>]*\/\.incoming\//.test(call)) return 'written'
  if (/^fdatasync\(\d+<[^>]*\/\.incoming\//.test(call)) return 'flushed'
  if (/^rename(at2?)?\(.*\/\.incoming\/.*\/spool\//.test(call)) return 'renamed'
  if (/^fsync\(\d+<[^>]*\/spool\//.test(call)) return 'named'
  if (/^pwrite64\(\d+<[^>]*secflow\.db-wal>/.test(call)) return 'recorded'
  if (/^fdatasync\(\d+<[^>]*secflow\.db-wal>/.test(call)) return 'committed'
  if (/^(write|writev|sendto|sendmsg)\(.*250 2\.0\.0 accepted/.test(call)) return '250'
  return undefined
}

test('10: without descriptors newcomers wait or are sent away, nothing crashes, nothing accepted is lost', async () => {
  gateway = await relay.start()
  const open = readdirSync(`/proc/${gateway.process.pid}/fd`).length
  const limited = spawnSync('prlimit', ['--pid', String(gateway.process.pid), `--nofile=${open + 20}:`])
  expect(limited.status).toBe(0)
  const sockets: Socket[] = []
  for (let at = 0; at < 80; at++) {
    const socket = connect(gateway.smtpPort, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
  }
  await pause(500)
  const ledger: Ledger = new Map()
  const running = load(ledger)
  await pause(2_000)
  expect(gateway.process.exitCode).toBeNull()
  for (const socket of sockets) socket.destroy()
  spawnSync('prlimit', ['--pid', String(gateway.process.pid), '--nofile=4096:'])
  await expect
    .poll(() => [...ledger.values()].filter(({ fate }) => fate === 'accepted').length, { timeout: 20_000 })
    .toBeGreaterThan(10)
  void running.stop()
  await running.done
  expect(gateway.process.exitCode).toBeNull()
  const sum = await account(ledger)
  expect(sum.wrong).toEqual([])
})

test('21: damaged files of the spool are found at the restart: never sent, told of, and no other mail waits for them', async () => {
  sink.mood = away
  gateway = await relay.start()
  const ids: Record<string, string> = {}
  // Beyond what stands in the row: these are sent from their files.
  for (const name of ['cut', 'zeroed', 'gone', 'whole'])
    ids[name] = (await sendOne(gateway.smtpPort, name, { size: 400_000 })).id
  await pause(500)
  await kill(gateway)
  const spool = join(relay.folder, 'blobs')
  const fileOf = (id: string) => {
    const found = readdirSync(spool, { recursive: true, withFileTypes: true }).find((entry) => entry.name === id)
    if (!found) throw new Error(`no file of ${id}`)
    return join(found.parentPath, found.name)
  }
  truncateSync(fileOf(ids.cut!), 200_000)
  writeFileSync(fileOf(ids.zeroed!), Buffer.alloc(readFileSync(fileOf(ids.zeroed!)).length))
  const shard = join(fileOf(ids.whole!), '..')
  rmSync(fileOf(ids.gone!))
  mkdirSync(shard, { recursive: true })
  writeFileSync(join(shard, 'foreign'), 'nobody knows what this is')
  hurry(relay.folder, { leases: true })
  sink.mood = () => undefined
  gateway = await relay.start()
  await arrives('whole')
  const state = async (name: string) =>
    (await (await gateway.records(TENANT)).read.recipients(ids[name] as MessageId)).map((row) => row.state).join()
  await expect.poll(() => state('cut'), { timeout: 20_000 }).toBe('held')
  await expect.poll(() => state('zeroed'), { timeout: 20_000 }).toBe('held')
  expect(await state('gone')).toBe('failed')
  // Beside it only what tells the sender of the two that are held.
  expect([...sink.mails.keys()].filter((id) => id.endsWith('@one.test'))).toEqual(['whole@one.test'])
  const log = gateway.log()
  expect(log).toContain('"message.lost"')
  expect(log.match(/"job\.buried"/g)?.length).toBeGreaterThanOrEqual(2)
  // What nobody knows is set aside, not removed.
  expect(existsSync(join(shard, 'foreign')) || log.includes('spool.orphans')).toBe(true)
  expect((await sendOne(gateway.smtpPort, 'next')).reply).toMatch(/^250/)
  await arrives('next')
})
