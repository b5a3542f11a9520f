import { afterEach, describe, expect, it } from 'vitest'
import { type JobSpec, tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { claimDue } from '../../test/support/claim.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { noMetrics, silentLog } from '../ports/log.ts'
import { createWorkers, type Workers, type WorkersDeps } from './worker.ts'

const tenant = tenantId('acme')
const started: Workers[] = []
afterEach(async () => {
  for (const workers of started.splice(0)) await workers.drain(100)
})

function setup(handlers: WorkersDeps['handlers'], options: Partial<WorkersDeps> = {}) {
  const store = memoryStore()
  const workers = createWorkers({
    store,
    handlers,
    clock: { now: Date.now },
    log: silentLog,
    metrics: noMetrics,
    pollMs: 20,
    reapMs: 30,
    retryDelay: () => 10,
    ...options,
  })
  started.push(workers)
  const spec = (step: string): JobSpec => ({
    queue: 'process',
    message: null,
    lane: '',
    step,
    payload: {},
    runAt: Date.now(),
  })
  return {
    store,
    workers,
    enqueue: (...steps: string[]) => store.tenant(tenant).write((tx) => tx.enqueue(steps.map(spec))),
    states: () => store.jobs().map(({ state }) => state),
    audit: async () =>
      (await store.tenant(tenant).read.audit({ limit: 9 })).map(
        ({ type, detail }) => `${type} ${String(detail.fault)}`,
      ),
  }
}

async function until(test: () => boolean, ms = 3_000): Promise<void> {
  for (const end = Date.now() + ms; !test(); ) {
    if (Date.now() > end) throw new Error('it did not come true')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('workers', () => {
  it('wake up for new work at once, and end jobs whose handlers did not', async () => {
    const run = setup({ process: async () => {} }, { pollMs: 60_000, reapMs: 60_000 })
    run.workers.start()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await run.enqueue('a', 'b')
    await until(() => run.states().every((state) => state === 'done'), 500)
  })

  it('leave alone what the handler ended in its own transaction', async () => {
    const run = setup({
      process: async (job) => {
        await run.store.tenant(tenant).write((tx) => tx.completeJob(job))
      },
    })
    await run.enqueue('a')
    run.workers.start()
    await until(() => run.states()[0] === 'done')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(run.states()).toEqual(['done'])
    expect(await run.audit()).toEqual([])
  })

  it('keep to the number at once', async () => {
    let now = 0
    let most = 0
    const run = setup(
      {
        process: async () => {
          most = Math.max(most, ++now)
          await new Promise((resolve) => setTimeout(resolve, 10))
          now--
        },
      },
      { concurrency: { process: 3 } },
    )
    await run.enqueue(...Array.from({ length: 20 }, (_, at) => `s${at}`))
    run.workers.start()
    await until(() => run.states().every((state) => state === 'done'))
    expect(most).toBe(3)
  })

  it('try again what may pass, bury what cannot, and say so in the audit', async () => {
    let tries = 0
    const run = setup({
      process: async (job) => {
        if (job.step === 'never') throw new Fault('blob-missing')
        if (++tries < 3) throw new Fault('store-unavailable')
      },
    })
    await run.enqueue('later', 'never')
    run.workers.start()
    await until(() => run.states().join() === 'done,dead')
    expect(tries).toBe(3)
    expect(await run.audit()).toEqual(['job.buried blob-missing'])
  })

  it('give up after the allowed number of tries', async () => {
    let tries = 0
    const run = setup(
      {
        process: async () => {
          tries++
          throw new Error('a mistake of ours')
        },
      },
      { maxAttempts: 4 },
    )
    await run.enqueue('a')
    run.workers.start()
    await until(() => run.states()[0] === 'dead')
    expect(tries).toBe(4)
  })

  it('hold the lease of a long job, and stop one whose lease is lost', async () => {
    let aborted = ''
    const run = setup(
      {
        process: (job, signal) =>
          job.step === 'long'
            ? new Promise((resolve) => setTimeout(resolve, 1_500))
            : new Promise((_resolve, reject) =>
                signal.addEventListener('abort', () => {
                  aborted = (signal.reason as Fault).code
                  reject(signal.reason as Error)
                }),
              ),
      },
      { leaseMs: 450 },
    )
    await run.enqueue('long')
    run.workers.start()
    await until(() => run.states()[0] === 'done')
    expect(run.store.jobs()[0]!.attempt).toBe(1)
    await run.enqueue('stolen')
    await until(() => run.states()[1] === 'leased')
    await run.store.queue.bury(run.store.jobs()[1]!, 'by an operator')
    await until(() => aborted === 'lease-lost')
    expect(run.states()[1]).toBe('dead')
  })

  it('bury a job that took the process down too often', async () => {
    const run = setup({ process: async () => {} }, { maxCrashes: 1 })
    await run.enqueue('poison')
    await claimDue(run.store.queue, ['process'], 1, 1) // a process that died with it
    await new Promise((resolve) => setTimeout(resolve, 5))
    run.workers.start()
    await until(() => run.states()[0] === 'dead')
    await until(() => run.store.jobs().length === 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await run.audit()).toEqual(['job.buried crashed'])
  })

  it('drain: finish what runs, start nothing, give back what does not finish', async () => {
    let begun = 0
    const run = setup(
      {
        process: (job, signal) => {
          begun++
          if (job.step === 'quick') return new Promise((resolve) => setTimeout(resolve, 50))
          return new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          )
        },
      },
      { concurrency: { process: 2 } },
    )
    await run.enqueue('quick', 'stuck', 'waiting')
    run.workers.start()
    await until(() => begun === 2)
    await run.workers.drain(100)
    expect(begun).toBe(2)
    expect(run.states()).toEqual(['done', 'ready', 'ready'])
  })
})
