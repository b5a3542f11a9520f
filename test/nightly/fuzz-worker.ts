/** Runs a share of a fuzz campaign. Where it stands is in shared memory, so that its parent sees a hang. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import type { FuzzOrder, FuzzReport } from './fuzz.ts'
import { randomOf } from './random.ts'
import { TARGETS } from './targets.ts'

/** A reader may take so long for 64 KB at most, ms: of the processor, because others use the machine too; by the clock ten times that. */
const SLOW_MS = 1_000
const GROWTH_BYTES = 64 * 1024 * 1024
const MOST_FAILURES = 20

const { target, seed, first, step, count, place } = workerData as FuzzOrder
const where = new Int32Array(place)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const heap = () => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const check = await TARGETS[target]!()
const failures: string[] = []
let settled = 0
for (let index = first, turn = 0; index < count && where[1] === 0; index += step, turn++) {
  // What is built once (tables, compiled code) is built in the first hundred.
  if (turn === 100) settled = heap()
  Atomics.store(where, 0, index)
  const began = { clock: performance.now(), processor: process.threadCpuUsage() }
  try {
    await check(randomOf(seed, index))
  } catch (error) {
    failures.push(
      `input ${index}: ${error instanceof Error ? `${error.message}\n${error.stack?.split('\n').slice(1, 4).join('\n')}` : String(error)}`,
    )
  }
  const { user, system } = process.threadCpuUsage(began.processor)
  const took = Math.max((user + system) / 1_000, (performance.now() - began.clock) / 10)
  if (took > SLOW_MS) failures.push(`input ${index} took ${took.toFixed(0)} ms`)
  Atomics.add(where, 2, 1)
  if (failures.length >= MOST_FAILURES) break
}
const growth = settled === 0 ? 0 : heap() - settled
if (growth > GROWTH_BYTES) failures.push(`the heap grew by ${(growth / 1e6).toFixed(0)} MB`)
parentPort?.postMessage({ failures, growth } satisfies FuzzReport)
