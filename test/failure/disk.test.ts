/** Rows 6, 7, 8 and 9 of docs/operate/faults-of-the-path.md: a disk that is full, that fails, and a database that is locked. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import BetterSqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { IN_ROW } from '../../server/ports/store.ts'
import { EIO, ENOSPC, type FailingDisk, failingDisk } from '../support/failing-disk.ts'
import type { Gateway } from '../support/gateway.ts'
import { hurry } from '../support/hurry.ts'
import { kill } from '../support/load/kill.ts'
import { sendOne } from '../support/load/mail.ts'
import { type LoadRelay, loadRelay } from '../support/load/relay.ts'
import { type AccountingSink, openAccountingSink } from '../support/load/sink.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { hasTool } from '../support/tools.ts'

let sink: AccountingSink
let relay: LoadRelay
let gateway: Gateway

/** Of one recipient, not of the host: the lane stays open, and the queue alone decides when it goes on. */
const later = (step: string) => (/^RCPT/i.test(step) ? '450 4.2.1 not now' : undefined)
const arrives = (name: string) =>
  expect.poll(() => sink.mails.get(`${name}@one.test`)?.length ?? 0, { timeout: 30_000 }).toBe(1)
const readiness = async () =>
  (await (await fetch(`${gateway.url}/readyz`)).json()) as { status: string; checks: Record<string, boolean> }
/** Files under a folder, whatever their depth. */
const files = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
    : 0

beforeEach(async () => {
  sink = await openAccountingSink()
})
afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]()
  relay?.[Symbol.dispose]()
  await sink[Symbol.asyncDispose]()
})

const root = process.getuid?.() === 0
describe.skipIf(!root)(`a full disk${root ? '' : ' (left out: mounting needs root)'}`, () => {
  test('6: 452 before anything is at risk, nothing left of what was refused; what was queued goes out, and room makes it go on', async () => {
    const disk = mountSmallDisk('0', 24)
    if (!disk) throw new Error('no tmpfs could be mounted')
    try {
      relay = loadRelay(sink.port, { folder: disk.folder, settings: { blobs: { reserve: '8MB' } } })
      sink.mood = later
      gateway = await relay.start()
      const replies: string[] = []
      const taken: string[] = []
      while (!replies.at(-1)?.startsWith('4') && replies.length < 200) {
        const name = `fill-${replies.length}`
        const { reply } = await sendOne(gateway.smtpPort, name, { size: 500_000 })
        replies.push(reply)
        if (reply.startsWith('250')) taken.push(name)
      }
      expect(taken.length).toBeGreaterThan(5)
      expect(replies.at(-1)).toMatch(/^452 4\.3\.1/)
      expect(replies.filter((reply) => !/^(250|452)/.test(reply))).toEqual([])
      // Announced, it is refused before a byte of it is sent.
      const announced = await sendOne(gateway.smtpPort, 'announced', { size: 100, parameters: 'SIZE=12000000' })
      expect(announced.replies).toEqual([expect.stringMatching(/^452 4\.3\.1/)])
      expect(files(join(disk.folder, 'blobs/.incoming'))).toBe(0)
      expect((await readiness()).checks.disk).toBe(false)

      // The reserve is for this: retry state, and the way out.
      sink.mood = () => undefined
      const waiting = () => {
        hurry(disk.folder)
        return taken.filter((name) => !sink.mails.has(`${name}@one.test`))
      }
      await expect.poll(waiting, { timeout: 30_000 }).toEqual([])
      for (const name of taken) expect(sink.mails.get(`${name}@one.test`)).toHaveLength(1)
      disk.grow(64)
      await expect
        .poll(async () => (await sendOne(gateway.smtpPort, `room-${Date.now()}`)).reply, { timeout: 10_000 })
        .toMatch(/^250/)
      expect(gateway.process.exitCode).toBeNull()
      expect(await gateway.stop()).toBe(0)
    } finally {
      await gateway?.[Symbol.asyncDispose]()
      disk.remove()
    }
  })
})

const gcc = hasTool('gcc')
describe.skipIf(!gcc)(`a disk that fails${gcc ? '' : ' (left out: gcc is missing)'}`, () => {
  let disk: FailingDisk
  beforeEach(async () => {
    disk = failingDisk()!
    relay = loadRelay(sink.port)
    gateway = await relay.start({ env: disk.env })
  })
  afterEach(() => disk[Symbol.dispose]())

  test('9: a flush of the spool that fails is 451 for its mail, whose file is gone; the next mail has a file of its own', async () => {
    disk.fail('fdatasync', '/.incoming/', EIO, 1)
    expect((await sendOne(gateway.smtpPort, 'first', { size: IN_ROW })).reply).toMatch(/^451 4\.3\.0/)
    expect(files(join(relay.folder, 'blobs'))).toBe(0)
    expect((await sendOne(gateway.smtpPort, 'second', { size: IN_ROW })).reply).toMatch(/^250/)
    await arrives('second')
    disk.mend()
    // The name, not the content, is what cannot be made durable.
    disk.fail('fsync', '/spool/', EIO, 1)
    expect((await sendOne(gateway.smtpPort, 'third', { size: IN_ROW })).reply).toMatch(/^451 4\.3\.0/)
    expect((await sendOne(gateway.smtpPort, 'fourth', { size: IN_ROW })).reply).toMatch(/^250/)
    await arrives('fourth')
    expect([...sink.mails.keys()].sort()).toEqual(['fourth@one.test', 'second@one.test'])
  })

  test('9: a flush of the database that fails ends every acceptance until the restart, and nothing acknowledged is lost', async () => {
    expect((await sendOne(gateway.smtpPort, 'before')).reply).toMatch(/^250/)
    await arrives('before')
    disk.fail('fdatasync', 'secflow.db-wal', EIO)
    const doubtful = await sendOne(gateway.smtpPort, 'doubtful')
    expect(doubtful.reply).toMatch(/^451 4\.3\.0/)
    disk.mend()
    // The disk says yes again; what it lost before, nobody knows: no later flush is believed.
    expect((await sendOne(gateway.smtpPort, 'after')).reply).toMatch(/^451 4\.3\.0/)
    expect((await readiness()).checks.database).toBe(false)
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
    await kill(gateway)
    gateway = await relay.start()
    expect((await sendOne(gateway.smtpPort, 'restarted')).reply).toMatch(/^250/)
    await arrives('restarted')
    expect(sink.mails.get('after@one.test')).toBeUndefined()
    expect(sink.mails.get('doubtful@one.test')?.length ?? 0).toBeLessThan(2)
  })

  test('7: a database without room refuses for now and leaves no file; with room it goes on by itself', async () => {
    expect((await sendOne(gateway.smtpPort, 'before')).reply).toMatch(/^250/)
    await arrives('before')
    const standing = files(join(relay.folder, 'blobs'))
    disk.fail('write', 'secflow.db-wal', ENOSPC)
    for (const name of ['full-1', 'full-2'])
      expect((await sendOne(gateway.smtpPort, name)).reply).toMatch(/^45[12] 4\.3\.[01]/)
    expect(files(join(relay.folder, 'blobs'))).toBeLessThanOrEqual(standing)
    disk.mend()
    await expect
      .poll(async () => (await sendOne(gateway.smtpPort, `room-${Date.now()}`)).reply, { timeout: 10_000 })
      .toMatch(/^250/)
    expect([...sink.mails.keys()].filter((id) => id.startsWith('full'))).toEqual([])
  })
})

test('8: while another process has the database locked mail is refused for now in time, and health answers', async () => {
  relay = loadRelay(sink.port)
  gateway = await relay.start()
  expect((await sendOne(gateway.smtpPort, 'before')).reply).toMatch(/^250/)
  await arrives('before')
  const other = new BetterSqlite(join(relay.folder, 'secflow.db'))
  other.exec('begin exclusive')
  const released = pause(12_000).then(() => other.close())
  const began = performance.now()
  const refused = sendOne(gateway.smtpPort, 'locked')
  const waits: number[] = []
  let over = false
  void refused.finally(() => {
    over = true
  })
  while (!over) {
    const asked = performance.now()
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
    waits.push(performance.now() - asked)
    await pause(50)
  }
  expect((await refused).reply).toMatch(/^451 4\.3\.0/)
  expect(performance.now() - began).toBeLessThan(9_000)
  // Nobody held the event loop for the lock: of all answers half were quick, and none waited for it.
  waits.sort((a, b) => a - b)
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(100)
  expect(waits.at(-1)).toBeLessThan(2_000)
  await released
  expect((await sendOne(gateway.smtpPort, 'free')).reply).toMatch(/^250/)
  await arrives('free')
  expect(sink.mails.has('locked@one.test')).toBe(false)
})
