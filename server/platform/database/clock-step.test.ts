import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type JobSpec, tenantId } from '../../../shared/domain/index.ts'
import type { Store } from '../../ports/store.ts'
import { steadyTime } from '../clock.ts'
import { openSqliteStore } from './sqlite/open.ts'

const DAY = 86_400_000
const tenant = tenantId('acme')
const want = { queue: 'deliver', tenant, lane: 'x', limit: 9 } as const

let folder: string
let store: Store
let wall = 0
let mono = 0
const pass = (ms: number) => {
  wall += ms
  mono += ms
}
beforeEach(async () => {
  wall = 1_800_000_000_000
  mono = 0
  folder = mkdtempSync(join(tmpdir(), 'secflow-step-'))
  const steady = steadyTime(
    () => wall,
    () => mono,
  )
  store = await openSqliteStore({ file: join(folder, 'secflow.db'), clock: { now: () => wall, steady } })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const job = (step: string, runAt: number): JobSpec => ({ ...want, message: null, step, payload: {}, runAt })
const enqueue = (...jobs: JobSpec[]) => store.tenant(tenant).write((tx) => tx.enqueue(jobs))
const claim = async () => (await store.queue.claim([want], 60_000)).map(({ step }) => step)

it('a clock that steps forward by a day makes nothing due before its time', async () => {
  await enqueue(job('in four hours', wall + 4 * 3_600_000))
  wall += DAY
  expect(await claim()).toEqual([])
  await enqueue(job('now', wall))
  expect(await claim()).toEqual(['now'])
  // The steady time makes good for the step, at most at one and a half times the pace.
  pass(2 * 3_600_000)
  expect(await claim()).toEqual([])
  pass(2 * 3_600_000)
  expect(await claim()).toEqual(['in four hours'])
})

it('a clock that steps back by a day holds up no mail for a day', async () => {
  await enqueue(job('just accepted', wall), job('in a minute', wall + 60_000))
  wall -= DAY
  expect(await claim()).toEqual(['just accepted'])
  await enqueue(job('after', wall))
  expect(await claim()).toEqual(['after'])
  pass(120_000)
  expect(await claim()).toEqual(['in a minute'])
})

it.each([DAY, -DAY])('a lease lasts as long as it was given for, whatever the clock does (%d)', async (step) => {
  await enqueue(job('a', wall))
  expect(await claim()).toEqual(['a'])
  wall += step
  pass(30_000)
  await store.queue.reap(3)
  expect(await claim()).toEqual([])
  pass(121_000)
  await store.queue.reap(3)
  expect(await claim()).toEqual(['a'])
})
