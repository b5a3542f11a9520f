import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Campaign, Order, Outcome } from './campaign.ts'
import type { TARGETS } from './targets.ts'

/** A worker takes every `step`-th input from `first` on; `place` holds [current input, stop, done]. */
export interface FuzzOrder {
  readonly target: string
  readonly seed: number
  readonly first: number
  readonly step: number
  readonly count: number
  readonly place: SharedArrayBuffer
}

export interface FuzzReport {
  readonly failures: readonly string[]
  readonly growth: number
}

/** Longer than any input may take; a worker that stays at one so long hangs, ms. */
const HANG_MS = 10_000

/** Mutated inputs for one reader, shared out to as many workers as there are cores. */
export function fuzz(target: keyof typeof TARGETS & string, full: number): Campaign {
  return {
    name: `fuzz-${target}`,
    unit: 'inputs',
    full,
    quick: 400,
    async run(order): Promise<Outcome> {
      const began = performance.now()
      const step = Math.min(availableParallelism(), order.count)
      const shares = await Promise.all(Array.from({ length: step }, (_, first) => share(target, order, first, step)))
      const done = shares.reduce((sum, one) => sum + one.done, 0)
      const growth = Math.max(...shares.map((one) => one.growth))
      const rate = done / ((performance.now() - began) / 1000)
      return {
        done,
        failures: shares.flatMap((one) => one.failures),
        note: `${rate.toFixed(0)}/s, heap grew ${Math.max(0, growth / 1e6).toFixed(0)} MB`,
      }
    },
  }
}

function share(
  target: string,
  { seed, count, until }: Order,
  first: number,
  step: number,
): Promise<FuzzReport & { done: number }> {
  const place = new SharedArrayBuffer(12)
  const where = new Int32Array(place)
  where[0] = -1
  const workerData: FuzzOrder = { target, seed, first, step, count, place }
  return new Promise((resolve) => {
    const worker = new Worker(join(import.meta.dirname, 'fuzz-worker.ts'), { workerData })
    let seen = -1
    let since = performance.now()
    const watch = setInterval(() => {
      const now = performance.now()
      if (now > until) Atomics.store(where, 1, 1)
      const index = Atomics.load(where, 0)
      if (index !== seen || index === -1) {
        seen = index
        since = now
      } else if (now - since > HANG_MS) end({ failures: [`input ${index} hangs`], growth: 0 })
    }, 500)
    const end = (report: FuzzReport) => {
      clearInterval(watch)
      void worker.terminate()
      resolve({ ...report, done: Atomics.load(where, 2) })
    }
    worker.once('message', end)
    worker.once('error', (error) =>
      end({ failures: [`the process broke at input ${Atomics.load(where, 0)}: ${error.message}`], growth: 0 }),
    )
    worker.once('exit', (code) =>
      end({ failures: [`the worker ended with ${code} at input ${Atomics.load(where, 0)}`], growth: 0 }),
    )
  })
}
