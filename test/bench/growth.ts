/**
 * What a long queue costs: the store's units of a mail (accepted, planned, delivered) and claim with completion, while 100
 * and while 100,000 other jobs wait. The peer is the store with the short queue; a ratio of 1 says that growth is free. On a
 * machine that does other things the main thread's time says more than the rate.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../server/platform/database/sqlite/open.ts'
import { messageId } from '../../server/platform/ids.ts'
import type { Store } from '../../server/ports/store.ts'
import { type Job, type JobSpec, tenantId } from '../../shared/domain/index.ts'
import * as make from '../contract/store-records.ts'
import { type Bench, rowOf } from './row.ts'

const TENANT = tenantId('bench')
const STRANDS = 50
const ROUNDS = 5
const LEASE_MS = 60_000

const waiting = (lane: string, from: number, count: number): JobSpec[] =>
  Array.from({ length: count }, (_, n) =>
    make.job({ queue: 'deliver', lane, step: `${lane} ${from + n}`, runAt: Date.now() - 1, payload: { copyId: 'c' } }),
  )

interface Subject {
  readonly store: Store
  readonly close: () => Promise<void>
}

/** A store in which so many jobs wait, half of them due in a lane that nobody serves and half in one that is served. */
async function storeWith(jobs: number): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-growth-'))
  const store = await openSqliteStore({ file: join(folder, 'secflow.db'), clock: { now: Date.now } })
  const { write } = store.tenant(TENANT)
  for (let at = 0; at < jobs / 2; at += 500) {
    const count = Math.min(500, jobs / 2 - at)
    await write((tx) => tx.enqueue([...waiting('stuck', at, count), ...waiting('served', at, count)]))
  }
  return {
    store,
    close: async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Accepts, plans and delivers one mail with the statements that the journey uses. */
export async function carryMail({ queue, tenant }: Store): Promise<void> {
  const { read, write } = tenant(TENANT)
  const now = Date.now()
  const id = messageId(now)
  const address = 'recipient@elsewhere.example'
  const audit = (type: string, detail = {}) => ({ time: now, type, message: id, actor: 'gateway', detail })
  await write(async (tx) => {
    await tx.insertMessage({ ...make.message(now), id, blob: id, rfcMessageId: `${id}@bench`, decision: null }, [
      address,
    ])
    await tx.enqueue([make.job({ message: id, lane: '', step: 'process', payload: {}, runAt: now })])
    await tx.appendAudit(audit('message.accepted', { sender: 'a@b.example', recipients: [address], size: 10_240 }))
  })
  const claim = async (name: 'process' | 'deliver', lane: string): Promise<Job> => {
    const [job] = await queue.claim([{ queue: name, tenant: TENANT, lane, limit: 1 }], LEASE_MS)
    return job!
  }
  const planned = await claim('process', '')
  const record = (await read.message(planned.message!))!
  const [recipient] = await read.recipients(record.id)
  const copy = { ...make.copy(record.id), recipients: [recipient!.address] }
  await write(async (tx) => {
    await tx.appendAudit({
      ...audit('recipient.decided', { recipient: address, outcome: 'deliver' }),
      message: record.id,
    })
    await tx.insertCopy(copy)
    await tx.updateRecipient(record.id, address, {
      copy: copy.id,
      receipt: { method: 'plain', layers: [], links: [], rules: [] },
      at: now,
    })
    await tx.appendAudit({
      ...audit('recipient.transformed', { recipient: address, copy: copy.id }),
      message: record.id,
    })
    await tx.updateMessage(record.id, { state: 'planned', decision: make.decision })
    const payload = { copyId: copy.id, recipients: [address] }
    await tx.enqueue([
      make.job({ queue: 'deliver', message: record.id, lane: 'route', step: copy.id, payload, runAt: now }),
    ])
    await tx.completeJob(planned)
  })
  const leaving = await claim('deliver', 'route')
  const sent = (await read.copy((leaving.payload as { copyId: string }).copyId))!
  await read.message(sent.message)
  await read.recipients(sent.message)
  await write(async (tx) => {
    await tx.completeJob(leaving)
    await tx.updateRecipient(sent.message, address, { state: 'delivered', detail: '250 ok', at: now })
    await tx.appendAudit({
      ...audit('recipient.delivered', { recipient: address, reply: '250 ok' }),
      message: sent.message,
    })
  })
}

/** Takes a waiting job and ends it. */
async function claimAndEnd({ queue }: Store): Promise<void> {
  const [job] = await queue.claim([{ queue: 'deliver', tenant: TENANT, lane: 'served', limit: 1 }], LEASE_MS)
  if (!job) throw new Error('the served lane ran dry')
  await queue.complete(job)
}

/** Rate per second of `count` turns on 50 strands, and main-thread time of one, ms. */
export async function measure(count: number, turn: () => Promise<void>): Promise<{ rate: number; cpu: number }> {
  let left = count
  const began = performance.now()
  const used = process.threadCpuUsage()
  await Promise.all(
    Array.from({ length: STRANDS }, async () => {
      while (left-- > 0) await turn()
    }),
  )
  const { user, system } = process.threadCpuUsage(used)
  return { rate: (count / (performance.now() - began)) * 1000, cpu: (user + system) / 1000 / count }
}

export const growth: Bench = async function* (say) {
  const [short, long] = [await storeWith(100), await storeWith(100_000)]
  const kinds = [
    { what: 'mail', turns: 600, turn: carryMail },
    { what: 'claim', turns: 2_000, turn: claimAndEnd },
  ]
  try {
    for (const { what, turns, turn } of kinds) {
      const found = {
        short: { rate: [] as number[], cpu: [] as number[] },
        long: { rate: [] as number[], cpu: [] as number[] },
      }
      for (let round = 0; round <= ROUNDS; round++) {
        // The short queue is kept short: what a round takes out of it is put in again.
        if (turn === claimAndEnd)
          await short.store.tenant(TENANT).write((tx) => tx.enqueue(waiting('served', (round + 1) * 1e6, turns)))
        // In turns, so that what else the machine does hits both.
        for (const name of round % 2 ? (['short', 'long'] as const) : (['long', 'short'] as const)) {
          const { rate, cpu } = await measure(turns, () => turn((name === 'short' ? short : long).store))
          say(`${name} queue: ${rate.toFixed(0)} ${what}s/s, ${cpu.toFixed(3)} ms of the main thread each`)
          if (round === 0) continue
          found[name].rate.push(rate)
          found[name].cpu.push(cpu)
        }
      }
      const about = { bench: 'growth', peer: '100 jobs waiting' }
      const metric = `a ${what} while 100,000 jobs wait`
      yield rowOf(
        { ...about, metric: `${metric}: main thread`, unit: 'ms', better: 'less' },
        found.long.cpu,
        found.short.cpu,
      )
      yield rowOf(
        { ...about, metric: `${metric}: rate`, unit: '1/s', better: 'more' },
        found.long.rate,
        found.short.rate,
      )
    }
  } finally {
    await short.close()
    await long.close()
  }
}
