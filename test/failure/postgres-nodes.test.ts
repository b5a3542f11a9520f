import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../server/platform/clock.ts'
import { openPostgresStore } from '../../server/platform/database/postgres/open.ts'
import type { Clock } from '../../server/ports/clock.ts'
import type { Lane, Store } from '../../server/ports/store.ts'
import { firstBrokenLink, type Job, tenantId } from '../../shared/domain/index.ts'
import * as make from '../contract/store-records.ts'
import { claimDue } from '../support/claim.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { postgresAddress } from '../support/postgres-address.ts'

const A = tenantId('alpha')
const B = tenantId('beta')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const job = (step: string, runAt = Date.now()) => make.job({ step, message: null, runAt })

let server: PostgresServer
let url: string
let nodes: Store[]
let made = 0

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  made += 1
  url = await server.create(`nodes_${made}`)
  nodes = []
  return async () => {
    await Promise.all(nodes.map((node) => node.close()))
  }
})

async function node(clock: Clock = systemClock): Promise<Store> {
  const store = await openPostgresStore({ address: postgresAddress(url), clock })
  nodes.push(store)
  return store
}

test('two nodes claim 2,000 jobs and none of them twice', async () => {
  const [one, two] = [await node(), await node()]
  const steps = Array.from({ length: 2_000 }, (_, n) => `s${n}`)
  for (let at = 0; at < steps.length; at += 200)
    await one.tenant(A).write((tx) => tx.enqueue(steps.slice(at, at + 200).map((step) => job(step))))
  const done: string[] = []
  const shares: number[] = []
  async function work(store: Store): Promise<void> {
    let share = 0
    for (;;) {
      const jobs = await store.queue.claim([{ queue: 'process', tenant: A, lane: '', limit: 9 }], 60_000)
      if (jobs.length === 0) break
      share += jobs.length
      for (const one of jobs) {
        await store.queue.complete(one)
        done.push(one.step)
      }
    }
    shares.push(share)
  }
  await Promise.all([one, one, two, two].map(work))
  expect(done).toHaveLength(steps.length)
  expect(new Set(done).size).toBe(steps.length)
  expect(shares.every((share) => share > 100)).toBe(true)
  expect(await one.tenant(A).read.jobCounts()).toEqual([])
})

test('the jobs of a node that was killed are taken over when its leases end, and counted as crashed', async () => {
  const one = await node()
  await one.tenant(A).write((tx) => tx.enqueue(Array.from({ length: 10 }, (_, n) => job(`s${n}`))))
  const claimer = join(import.meta.dirname, '../support/postgres-claimer.ts')
  const child = spawn(process.execPath, [claimer, url, '700'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (said.includes('claimed')) break
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  const theirs = said.split('\n').filter((line) => line.startsWith('s'))
  expect(theirs).toHaveLength(7)
  expect((await claimDue(one.queue, ['process'], 99, 60_000)).map(({ step }) => step)).not.toContain(theirs[0])
  const taken: Job[] = []
  while (taken.length < 7) {
    await pause(100)
    await one.queue.reap(3)
    taken.push(...(await claimDue(one.queue, ['process'], 99, 60_000)))
  }
  expect(taken.map(({ step }) => step).sort()).toEqual(theirs.sort())
  expect(taken.every(({ attempt }) => attempt === 2)).toBe(true)
})

test('what two nodes append at once is one chain for each tenant', async () => {
  const [one, two] = [await node(), await node()]
  const units = Array.from({ length: 400 }, (_, n) =>
    (n % 2 ? one : two).tenant(n % 3 ? A : B).write(async (tx) => {
      await tx.appendAudit(make.event(null, { n }))
      if (n % 5 === 0) await tx.appendAudit(make.event(null, { n, second: true }))
      if (n % 7 === 0) throw new Error('taken back')
    }),
  )
  await Promise.allSettled(units)
  for (const tenant of [A, B]) {
    const records = await one.tenant(tenant).read.audit({ limit: 1_000 })
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => at + 1))
    expect(firstBrokenLink(records, sha256)).toBeNull()
    expect(records.every(({ detail }) => Number(detail.n) % 7 !== 0)).toBe(true)
  }
  expect((await server.ask('select count(*) as n from audit', `nodes_${made}`))[0]).toEqual({ n: '410' })
})

test('what only one may do is done by one, however many nodes try at once', async () => {
  const both = [await node(), await node()]
  const finals = ['delivered', 'failed', 'rejected', 'dropped'] as const
  for (let round = 0; round < 15; round++) {
    const message = make.message(Date.now())
    await both[0]!.tenant(A).write((tx) => tx.insertMessage(message, ['one@peer.example']))
    const moves = finals.map((state, n) =>
      both[n % 2]!.tenant(A).write((tx) => tx.updateRecipient(message.id, 'one@peer.example', { state, at: n })),
    )
    const keys = finals.map((bodyHash, n) =>
      both[n % 2]!.tenant(A).write((tx) =>
        tx.insertIdempotent({ client: 'erp', key: `k${round}`, bodyHash, response: null, createdAt: 1 }),
      ),
    )
    expect((await Promise.all(moves)).filter(Boolean)).toHaveLength(1)
    expect((await Promise.all(keys)).filter(Boolean)).toHaveLength(1)
    const winner = (await Promise.all(moves)).indexOf(true)
    expect(await both[0]!.tenant(A).read.recipients(message.id)).toMatchObject([{ state: finals[winner] }])
  }
})

test('a job whose lease ends is either completed or given to another, never both', async () => {
  const [one, two] = [await node(), await node()]
  const counted = { completed: 0, lost: 0 }
  for (let round = 0; round < 20; round++) {
    await one.tenant(A).write((tx) => tx.enqueue([job(`r${round}`)]))
    const [mine] = (await claimDue(one.queue, ['process'], 1, 20)) as [Job]
    await pause(15 + (round % 10))
    const [ended] = await Promise.all([
      one.queue.complete(mine).then(
        () => 'completed' as const,
        (error: { code: string }) => (error.code === 'lease-lost' ? ('lost' as const) : Promise.reject(error)),
      ),
      two.queue.reap(9),
      one.queue.reap(9),
    ])
    counted[ended] += 1
    await two.queue.reap(9)
    const again = await claimDue(two.queue, ['process'], 9, 60_000)
    expect(again.map(({ id }) => id)).toEqual(ended === 'lost' ? [mine.id] : [])
    for (const other of again) await two.queue.complete(other)
  }
  expect(counted.completed + counted.lost).toBe(20)
  expect(await one.tenant(A).read.jobCounts()).toEqual([])
})

test('a node whose clock is an hour wrong takes nothing that is leased and makes work that is due', async () => {
  const right = await node()
  const ahead = await node({ now: () => Date.now() + 3_600_000 })
  const behind = await node({ now: () => Date.now() - 3_600_000 })
  await right.tenant(A).write((tx) => tx.enqueue([job('leased')]))
  expect(await claimDue(right.queue, ['process'], 9, 30_000)).toHaveLength(1)
  for (const store of [ahead, behind]) {
    expect(await store.queue.reap(3)).toEqual([])
    expect(await claimDue(store.queue, ['process'], 9, 30_000)).toEqual([])
  }
  await ahead.tenant(A).write((tx) => tx.enqueue([job('ahead', Date.now() + 3_600_000)]))
  await behind
    .tenant(A)
    .write((tx) => tx.enqueue([job('behind', Date.now() - 3_600_000), job('later', Date.now() - 3_500_000)]))
  expect((await claimDue(right.queue, ['process'], 9, 30_000)).map(({ step }) => step).sort()).toEqual([
    'ahead',
    'behind',
  ])
})

test('a restart of the server refuses units for now, says which are in doubt, loses nothing acknowledged and does nothing twice', async () => {
  const [one, two] = [await node(), await node()]
  const acknowledged: number[] = []
  const refused: unknown[] = []
  let next = 0
  let stop = false
  const write = async (store: Store) => {
    while (!stop) {
      const n = next++
      try {
        await store.tenant(A).write(async (tx) => {
          await tx.enqueue([job(`s${n}`)])
          await tx.appendAudit(make.event(null, { n }))
        })
        acknowledged.push(n)
      } catch (error) {
        refused.push(error)
        await pause(20)
      }
    }
  }
  const writers = [one, two, one, two, one, two].map(write)
  for (const mode of ['fast', 'immediate'] as const) {
    await pause(300)
    await server.halt(mode)
    await pause(300)
    await server.resume()
    const before = acknowledged.length
    while (acknowledged.length < before + 20) await pause(20)
  }
  stop = true
  await Promise.all(writers)
  expect(refused.length).toBeGreaterThan(0)
  const inDoubt = refused.filter((error) => (error as { code?: string }).code === 'store-in-doubt')
  for (const error of refused) if (!inDoubt.includes(error)) expect(error).toMatchObject({ code: 'store-unavailable' })
  const records = await two.tenant(A).read.audit({ limit: 1_000_000 })
  const written = records.map(({ detail }) => Number(detail.n))
  expect(firstBrokenLink(records, sha256)).toBeNull()
  expect(new Set(written).size).toBe(written.length)
  expect(written).toEqual(expect.arrayContaining(acknowledged))
  // What is there and nobody was told of is among what was said to be in doubt.
  expect(written.length - acknowledged.length).toBeLessThanOrEqual(inDoubt.length)
  expect(new Set((await claimDue(one.queue, ['process'], 1_000_000, 1_000)).map(({ step }) => step))).toEqual(
    new Set(written.map((n) => `s${n}`)),
  )
})

test('new work wakes the other node at once; with its ear cut off it finds the work by looking, and listens again', async () => {
  const [one, two] = [await node(), await node()]
  const heard: { work: readonly Lane[]; at: number }[] = []
  const own: unknown[] = []
  two.queue.onWork((work) => heard.push({ work, at: performance.now() }))
  one.queue.onWork((work) => own.push(work))
  const tell = async (step: string) => {
    heard.length = 0
    const began = performance.now()
    await one.tenant(A).write((tx) => tx.enqueue([job(step)]))
    while (heard.length === 0 && performance.now() - began < 1_000) await pause(5)
    return heard[0] ? heard[0].at - began : null
  }
  await tell('warm')
  expect(own).toHaveLength(1)
  // The best of ten: a busy machine is late now and then, whoever looks every second is late nearly always.
  const waits: number[] = []
  for (let n = 0; n < 10; n++) waits.push((await tell(`soon ${n}`)) ?? Number.POSITIVE_INFINITY)
  expect(Math.min(...waits)).toBeLessThan(100)
  await tell('s1')
  expect(heard[0]?.work).toEqual([{ queue: 'process', tenant: A, lane: '' }])
  const cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'secflow signal'"
  await server.ask(cut)
  await one.tenant(A).write((tx) => tx.enqueue([job('s2')]))
  expect((await claimDue(two.queue, ['process'], 99, 30_000)).map(({ step }) => step)).toContain('s2')
  let woken: number | null = null
  for (let tries = 0; woken === null && tries < 30; tries++) woken = await tell(`again ${tries}`)
  expect(woken).not.toBeNull()
})
