import { createHash } from 'node:crypto'
import { fdatasync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import BetterSqlite from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../server/platform/clock.ts'
import { openSqlite, type SqliteOptions } from '../../server/platform/database/sqlite/open.ts'
import { storeOver } from '../../server/platform/database/store.ts'
import { silentLog } from '../../server/ports/log.ts'
import { firstBrokenLink, tenantId } from '../../shared/domain/index.ts'
import * as make from './store-records.ts'

const A = tenantId('alpha')
const real = promisify(fdatasync)
const lane = { queue: 'process', tenant: A, lane: '' } as const

let dir: string
const closes: (() => Promise<void>)[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'secflow-durable-'))
})
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
  await rm(dir, { recursive: true })
})

function open(options: Partial<SqliteOptions> = {}) {
  const database = openSqlite({ file: join(dir, 'secflow.db'), clock: systemClock, ...options })
  const store = storeOver(database, systemClock, silentLog)
  closes.push(() => store.close())
  const own = store.tenant(A)
  return {
    database,
    queue: store.queue,
    read: own.read,
    append: (n = 0) => own.write((tx) => tx.appendAudit(make.event(null, { n }))),
    enqueue: (...steps: string[]) => own.write((tx) => tx.enqueue(steps.map((step) => make.job({ step })))),
  }
}

/** A disk whose flushes wait until they are let through, or fail. */
function disk() {
  const waiting: { descriptor: number; go: () => void; fail: (error: Error) => void }[] = []
  let began = () => {}
  return {
    async fdatasync(descriptor: number) {
      await new Promise<void>((go, fail) => {
        waiting.push({ descriptor, go, fail })
        began()
      })
      await real(descriptor)
    },
    /** Resolves when a flush has begun. */
    async flush() {
      if (waiting.length === 0)
        await new Promise<void>((resolve) => {
          began = resolve
        })
      return waiting.shift()!
    },
  }
}

const state = async (promise: Promise<unknown>) => {
  let settled = 'waits'
  promise.then(
    () => (settled = 'done'),
    () => (settled = 'failed'),
  )
  // Longer than a commit takes.
  await new Promise((resolve) => setTimeout(resolve, 30))
  return settled
}

test('a unit is acknowledged after its flush; those that come meanwhile share the next commit and flush', async () => {
  const { fdatasync, flush } = disk()
  const store = open({ fdatasync })
  const before = store.database.commits()
  const first = store.append(1)
  const one = await flush()
  const later = [store.append(2), store.append(3)]
  expect(await state(first)).toBe('waits')
  one.go()
  await first
  expect(await state(later[0]!)).toBe('waits')
  const two = await flush()
  two.go()
  expect((await Promise.all(later)).map(({ seq }) => seq)).toEqual([2, 3])
  expect([store.database.commits() - before, store.database.flushes()]).toEqual([2, 2])
})

test('where little comes in, a unit does not wait for a flush that began without it; one that ends first speaks for both', async () => {
  const { fdatasync, flush } = disk()
  const store = open({ fdatasync })
  const first = store.append(1)
  const one = await flush()
  const second = store.append(2)
  const two = await flush()
  // The kernel tells of an error once per descriptor: each flush has to have its own.
  expect(two.descriptor).not.toBe(one.descriptor)
  const third = store.append(3)
  expect(await state(third)).toBe('waits')
  expect(store.database.commits()).toBe(2)
  two.go()
  await Promise.all([first, second])
  const three = await flush()
  expect(three.descriptor).toBe(two.descriptor)
  three.go()
  await third
  one.go()
  const last = store.append(4)
  ;(await flush()).go()
  expect((await last).seq).toBe(4)
})

test('under load there is one flush at a time, so that groups are large', async () => {
  const { fdatasync, flush } = disk()
  const store = open({ fdatasync })
  const many = [1, 2, 3, 4].map((n) => store.append(n))
  const one = await flush()
  const next = [5, 6, 7].map((n) => store.append(n))
  expect(await state(next[0]!)).toBe('waits')
  expect(store.database.commits()).toBe(1)
  one.go()
  await Promise.all(many)
  ;(await flush()).go()
  await Promise.all(next)
  expect([store.database.commits(), store.database.flushes()]).toEqual([2, 2])
})

test('a job is not claimed before what made it is on disk, whoever finds it', async () => {
  const { fdatasync, flush } = disk()
  const store = open({ fdatasync })
  const heard: unknown[] = []
  store.queue.onWork((work) => heard.push(...work))
  const made = store.enqueue('s')
  const one = await flush()
  expect(await state(made)).toBe('waits')
  expect(heard).toEqual([])
  // A poll sees the row that is committed; its claim has to wait all the same.
  expect(await store.queue.lanes(['process'])).toHaveLength(1)
  const claimed = store.queue.claim([{ ...lane, limit: 1 }], 1000)
  expect(await state(claimed)).toBe('waits')
  one.go()
  await made
  expect(heard).toEqual([lane])
  expect(await claimed).toHaveLength(1)
})

test('a flush that fails fails every unit that waits for it, and no later flush is believed', async () => {
  const { fdatasync, flush } = disk()
  const store = open({ fdatasync })
  const first = store.append(0)
  const ok = await flush()
  ok.go()
  await first
  const made = store.enqueue('s')
  const bad = await flush()
  const behind = store.append(1)
  const beside = await flush()
  const claimed = store.queue.claim([{ ...lane, limit: 1 }], 1000)
  expect(await state(behind)).toBe('waits')
  const units = Promise.allSettled([made, behind, claimed])
  bad.fail(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))
  // It would be a success, and means nothing any more.
  beside.go()
  for (const unit of await units)
    expect(unit).toMatchObject({ status: 'rejected', reason: { code: 'store-unavailable' } })
  // The kernel would call the next flush a success. Nothing asks it.
  await expect(store.append(2)).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(store.queue.claim([{ ...lane, limit: 1 }], 1000)).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(store.database.settled?.()).rejects.toMatchObject({ code: 'store-unavailable' })

  // Opened anew, what was in doubt may stand or not, but as a whole; and the store works.
  await closes.pop()!()
  const anew = open()
  const records = await anew.read.audit({ limit: 9 })
  expect(records[0]?.detail).toEqual({ n: 0 })
  expect(firstBrokenLink(records, (text) => createHash('sha256').update(text).digest('hex'))).toBeNull()
  expect((await anew.append(3)).seq).toBe(records.length + 1)
})

test('what another process left in the WAL is in the database before anything new is written', async () => {
  const file = join(dir, 'secflow.db')
  await open().append()
  // As after a crash: WAL and database as they are, without the orderly end that empties the WAL.
  await expect(stat(`${file}-wal`).then(({ size }) => size)).resolves.toBeGreaterThan(0)
  const next = open()
  expect((await stat(`${file}-wal`)).size).toBe(0)
  expect(await next.read.audit({ limit: 9 })).toHaveLength(1)
})

test('two processes append to one chain, and neither claims what the other has not yet on disk', async () => {
  const [one, two] = [open(), open()]
  for (let n = 0; n < 6; n++) await (n % 3 ? one : two).append(n)
  const records = await one.read.audit({ limit: 9 })
  expect(records.map(({ seq, detail }) => [seq, detail.n])).toEqual([0, 1, 2, 3, 4, 5].map((n) => [n + 1, n]))
  expect(firstBrokenLink(records, (text) => createHash('sha256').update(text).digest('hex'))).toBeNull()

  await one.enqueue('s', 't')
  const before = two.database.flushes()
  expect(await two.queue.claim([{ ...lane, limit: 1 }], 1000)).toHaveLength(1)
  expect(two.database.flushes()).toBe(before + 1)
  // Nobody else has written since: no reason to flush.
  expect(await two.queue.claim([{ ...lane, limit: 1 }], 1000)).toHaveLength(1)
  expect(two.database.flushes()).toBe(before + 1)
})

test('a unit that fails leaves no trace in the chain that the next one continues', async () => {
  const store = storeOver(open().database, systemClock, silentLog).tenant(A)
  const append = (fail: boolean) =>
    store.write(async (tx) => {
      await tx.appendAudit(make.event(null))
      if (fail) throw new Error('stop')
    })
  await append(false)
  await expect(append(true)).rejects.toThrow('stop')
  const together = [append(false), append(true), append(false)]
  await Promise.allSettled(together)
  const records = await store.read.audit({ limit: 9 })
  expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3])
  expect(firstBrokenLink(records, (text) => createHash('sha256').update(text).digest('hex'))).toBeNull()
})

test('who shares a commit with a unit that fails is done again, once, and announced once', async () => {
  const store = open()
  const heard: unknown[] = []
  store.queue.onWork((work) => heard.push(...work))
  const runs = { good: 0, bad: 0 }
  const tenant = storeOver(store.database, systemClock, silentLog).tenant(A)
  const before = store.database.commits()
  const good = (n: number) =>
    tenant.write(async (tx) => {
      runs.good++
      return tx.appendAudit(make.event(null, { n }))
    })
  const made = store.enqueue('s')
  const one = good(1)
  const bad = tenant.write(async (tx) => {
    runs.bad++
    await tx.appendAudit(make.event(null, { n: 99 }))
    throw new Error('stop')
  })
  const [, first, failed, second] = await Promise.allSettled([made, one, bad, good(2)])
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'stop' } })
  expect([first, second]).toMatchObject([{ value: { seq: 1 } }, { value: { seq: 2 } }])
  // The first of the good ones ran before the failure and after it.
  expect(runs).toEqual({ good: 3, bad: 1 })
  expect(heard).toEqual([lane])
  expect(store.database.commits() - before).toBe(1)
  expect((await tenant.read.audit({ limit: 9 })).map(({ detail }) => detail.n)).toEqual([1, 2])
})

test('the WAL begins anew under constant load', async () => {
  const store = open({ checkpoints: { commits: 4, pauseMs: 0, frames: 200 } })
  const tenant = storeOver(store.database, systemClock, silentLog).tenant(A)
  const text = 'x'.repeat(8_000)
  let left = 3_000
  const strand = async () => {
    while (left-- > 0) await tenant.write((tx) => tx.appendAudit(make.event(null, { text })))
  }
  await Promise.all(Array.from({ length: 8 }, strand))
  // At least three pages each: 36 MB, were it never begun anew.
  expect((await stat(join(dir, 'secflow.db-wal'))).size).toBeLessThan(18_000_000)
})

test('a reader that keeps the WAL from its end slows nobody for long', async () => {
  const store = open({ checkpoints: { commits: 4, pauseMs: 0, frames: 20 } })
  await store.append()
  const reader = new BetterSqlite(join(dir, 'secflow.db'), { readonly: true })
  reader.exec('begin')
  reader.prepare('select count(*) from audit').get()
  const began = performance.now()
  for (let n = 0; n < 60; n++) await store.append(n)
  expect(performance.now() - began).toBeLessThan(5_000)
  reader.close()
  expect(await store.read.audit({ limit: 99 })).toHaveLength(61)
})
