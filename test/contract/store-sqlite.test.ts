import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../server/platform/clock.ts'
import { openSqlite, openSqliteStore } from '../../server/platform/database/sqlite/open.ts'
import { storeOver } from '../../server/platform/database/store.ts'
import { silentLog } from '../../server/ports/log.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { claimDue } from '../support/claim.ts'
import { storeContract } from './store.ts'
import * as make from './store-records.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'secflow-store-'))
})
afterEach(() => rm(dir, { recursive: true }))

storeContract('sqlite', (clock) => openSqliteStore({ file: join(dir, 'secflow.db'), clock }))

const A = tenantId('alpha')
const open = (limits: { busyMs?: number; unitMs?: number } = {}) =>
  openSqlite({ file: join(dir, 'secflow.db'), clock: systemClock, ...limits })

test('the database is readable by its owner only', async () => {
  await open().close()
  expect((await stat(join(dir, 'secflow.db'))).mode & 0o777).toBe(0o600)
})

test('units that come together share a commit, and resolve after it', async () => {
  const database = open()
  const store = storeOver(database, systemClock, silentLog)
  const looker = new BetterSqlite(join(dir, 'secflow.db'), { readonly: true })
  const count = looker.prepare('select count(*) from audit').pluck()
  const before = database.commits()
  const found: number[] = []
  const units = Array.from({ length: 200 }, () =>
    store
      .tenant(A)
      .write((tx) => tx.appendAudit(make.event(null)))
      .then(({ seq }) => found.push((count.get() as number) - seq)),
  )
  await Promise.all(units)
  expect(database.commits() - before).toBeLessThan(10)
  // Another connection sees each row as soon as its unit has resolved.
  expect(found.every((ahead) => ahead >= 0)).toBe(true)
  looker.close()
  await store.close()
})

test('a claim costs no flush of its own, what is acknowledged beside it does', async () => {
  const database = open()
  const store = storeOver(database, systemClock, silentLog)
  const job = (step: string) => ({ queue: 'sms' as const, lane: '', message: null, step, payload: null, runAt: 0 })
  const { write } = store.tenant(A)
  await write((tx) => tx.enqueue([job('1'), job('2'), job('3')]))
  const before = database.flushes()
  const [first] = await claimDue(store.queue, ['sms'], 1, 60_000)
  expect(database.flushes()).toBe(before)
  await store.queue.complete(first!)
  expect(database.flushes()).toBe(before + 1)
  const [claimed] = await Promise.all([
    claimDue(store.queue, ['sms'], 1, 60_000),
    write((tx) => tx.appendAudit(make.event(null))),
  ])
  expect(claimed).toHaveLength(1)
  expect(database.flushes()).toBe(before + 2)
  await claimDue(store.queue, ['sms'], 1, 60_000)
  expect(database.flushes()).toBe(before + 2)
  await store.close()
})

test('what was acknowledged is there after the process forgot to close', async () => {
  const first = storeOver(open(), systemClock, silentLog)
  await first.tenant(A).write((tx) => tx.appendAudit(make.event(null)))
  const second = storeOver(open(), systemClock, silentLog)
  expect(await second.tenant(A).read.audit({ limit: 9 })).toHaveLength(1)
  await Promise.all([first.close(), second.close()])
})

test('a lock held by another process becomes store-unavailable without holding the event loop', async () => {
  const store = storeOver(open({ busyMs: 300 }), systemClock, silentLog)
  const other = new BetterSqlite(join(dir, 'secflow.db'))
  other.exec('begin immediate')
  let longest = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  const write = () => store.tenant(A).write((tx) => tx.appendAudit(make.event(null)))
  await expect(write()).rejects.toMatchObject({ code: 'store-unavailable' })
  clearInterval(watch)
  expect(longest).toBeLessThan(150)
  const waiting = write()
  setTimeout(() => other.exec('rollback'), 50)
  expect((await waiting).seq).toBe(1)
  other.close()
  await store.close()
})

test('opens while another process writes', async () => {
  await storeOver(open(), systemClock, silentLog).close()
  const other = new BetterSqlite(join(dir, 'secflow.db'))
  other.exec('begin immediate')
  const store = storeOver(open(), systemClock, silentLog)
  expect(await store.tenant(A).read.audit({ limit: 1 })).toEqual([])
  other.close()
  await store.close()
})

test('a full disk becomes disk-full, and the store works again when there is room', async () => {
  const database = open()
  const store = storeOver(database, systemClock, silentLog)
  const raw = (database.read as unknown as { $client: BetterSqlite.Database }).$client
  const size = raw.pragma('page_count', { simple: true }) as number
  await database.write(async ({ db }) => {
    ;(db as unknown as { $client: BetterSqlite.Database }).$client.pragma(`max_page_count = ${size + 2}`)
  })
  const big = { text: 'x'.repeat(100_000) }
  const units = [{}, big, {}].map((detail) => store.tenant(A).write((tx) => tx.appendAudit(make.event(null, detail))))
  const settled = await Promise.allSettled(units)
  expect(settled[1]).toMatchObject({ status: 'rejected', reason: { code: 'disk-full' } })
  await database.write(async ({ db }) => {
    ;(db as unknown as { $client: BetterSqlite.Database }).$client.pragma('max_page_count = 1000000')
  })
  await store.tenant(A).write((tx) => tx.appendAudit(make.event(null, big)))
  const kept = settled.filter((s) => s.status === 'fulfilled').length
  expect(await store.tenant(A).read.audit({ limit: 9 })).toHaveLength(kept + 1)
  await store.close()
})

test('a unit that waits for something else is ended and does not hold up others', async () => {
  const store = storeOver(open({ unitMs: 100 }), systemClock, silentLog)
  const stuck = store.tenant(A).write(async (tx) => {
    await tx.appendAudit(make.event(null))
    await new Promise(() => {})
  })
  const next = store.tenant(A).write((tx) => tx.appendAudit(make.event(null)))
  await expect(stuck).rejects.toMatchObject({ code: 'internal' })
  expect((await next).seq).toBe(1)
  await store.close()
})

test('after close everything is store-unavailable', async () => {
  const store = storeOver(open(), systemClock, silentLog)
  await store.close()
  await expect(store.tenant(A).read.person('x')).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(store.tenant(A).write(async () => 1)).rejects.toMatchObject({ code: 'store-unavailable' })
})
