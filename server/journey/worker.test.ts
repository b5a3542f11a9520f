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

async function until(test: () => boolean, ms = 20_000): Promise<void> {
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
    await until(() => run.states().every((state) => state === 'done'))
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

  it('take no job of their own for lost after the process stood still for longer than a lease', async () => {
    let begun = 0
    const run = setup(
      {
        process: async () => {
          begun++
          await new Promise((resolve) => setTimeout(resolve, 50))
          for (const until = performance.now() + 900; performance.now() < until; );
          await new Promise((resolve) => setTimeout(resolve, 100))
        },
      },
      { leaseMs: 600 },
    )
    await run.enqueue('a')
    run.workers.start()
    await until(() => run.states()[0] === 'done')
    expect(begun).toBe(1)
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

  describe('while the store is away', () => {
    const away = () => Promise.reject(new Fault('store-unavailable'))

    it('keep the job in hand: it goes on as soon as the store is back, not when the lease runs out', async () => {
      let tries = 0
      const run = setup({
        process: async () => {
          if (++tries === 1) throw new Fault('store-unavailable')
        },
      })
      const { retry } = run.store.queue
      run.store.queue.retry = away
      await run.enqueue('a')
      run.workers.start()
      await until(() => tries === 1)
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(run.states()).toEqual(['leased'])
      run.store.queue.retry = retry
      await until(() => run.states()[0] === 'done')
      expect(tries).toBe(2)
    })

    it('do nothing twice that was done and could not be written', async () => {
      let sent = 0
      const run = setup({ sms: async () => void sent++ })
      const { complete } = run.store.queue
      run.store.queue.complete = away
      await run.store
        .tenant(tenant)
        .write((tx) =>
          tx.enqueue([{ queue: 'sms', message: null, lane: '', step: 'a', payload: {}, runAt: Date.now() }]),
        )
      run.workers.start()
      await until(() => sent === 1)
      await new Promise((resolve) => setTimeout(resolve, 300))
      run.store.queue.complete = complete
      await until(() => run.states()[0] === 'done')
      expect(sent).toBe(1)
    })

    it('leave to others time to say that they live, when it is back, before their jobs count as lost', async () => {
      const run = setup({ process: async () => {} }, { leaseMs: 600 })
      await run.enqueue('of another node')
      const [job] = await claimDue(run.store.queue, ['process'], 1, 100)
      const { lanes } = run.store.queue
      run.store.queue.lanes = away
      run.workers.start()
      await new Promise((resolve) => setTimeout(resolve, 200))
      run.store.queue.lanes = lanes
      await run.store.queue.extend(job!, 60_000)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(run.store.jobs()[0]).toMatchObject({ state: 'leased', leaseToken: job!.leaseToken })
    })

    it('drain: do not wait for it where nothing was done', async () => {
      const run = setup({ process: () => Promise.reject(new Fault('store-unavailable')) })
      run.store.queue.retry = away
      await run.enqueue('a')
      run.workers.start()
      await until(() => run.states()[0] === 'leased')
      const began = performance.now()
      await run.workers.drain(20_000)
      expect(performance.now() - began).toBeLessThan(5_000)
    })
  })

  it('drain: what a claim under way brings may finish like what runs already', async () => {
    let ended = 0
    const run = setup({
      process: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        ended++
      },
    })
    const { claim } = run.store.queue
    let claiming = false
    run.store.queue.claim = async (...asked) => {
      claiming = true
      await new Promise((resolve) => setTimeout(resolve, 50))
      return claim.apply(run.store.queue, asked)
    }
    await run.enqueue('one')
    run.workers.start()
    await until(() => claiming)
    await run.workers.drain(5_000)
    expect(ended).toBe(1)
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

describe('lanes', () => {
  const deliver = (lane: string, step: string): JobSpec => ({
    queue: 'deliver',
    message: null,
    lane,
    step,
    payload: {},
    runAt: Date.now(),
  })

  it('a next hop that is not there is left alone after some tries, and its mail keeps its attempts', async () => {
    const tried: string[] = []
    const run = setup({
      deliver: async (job) => {
        tried.push(job.lane)
        await run.store.tenant(tenant).write((tx) => tx.completeJob(job))
        return job.lane === 'dead' ? 'unreachable' : 'completed'
      },
    })
    const steps = Array.from({ length: 30 }, (_, at) => `s${at}`)
    await run.store.tenant(tenant).write((tx) => tx.enqueue(steps.map((step) => deliver('dead', step))))
    const workers = createWorkers({
      store: run.store,
      handlers: { deliver: async () => 'completed' },
      clock: { now: Date.now },
      log: silentLog,
      metrics: noMetrics,
    })
    expect(workers.lanes()).toEqual([])
    run.workers.start()
    await until(() => run.workers.lanes().some(({ breaker }) => breaker === 'open'))
    const asked = tried.length
    await run.store.tenant(tenant).write((tx) => tx.enqueue([deliver('well', 'one')]))
    await until(() => tried.includes('well'))
    expect(tried.filter((lane) => lane === 'dead')).toHaveLength(asked)
    const waiting = run.store.jobs().filter(({ state }) => state === 'ready')
    expect(waiting).toHaveLength(30 - asked)
    expect(waiting.every(({ attempt }) => attempt === 0)).toBe(true)
  })

  it('what is overdue in a closed lane is looked after without asking the next hop', async () => {
    const looked: boolean[] = []
    const run = setup(
      {
        deliver: async (job, _signal, way) => {
          looked.push(way.connect)
          await run.store.tenant(tenant).write((tx) => tx.completeJob(job))
          return way.connect ? 'unreachable' : 'completed'
        },
      },
      { laneLimit: () => 5 },
    )
    const overdue = Array.from({ length: 12 }, (_, at) => ({
      ...deliver('dead', `s${at}`),
      runAt: Date.now() - 7_200_000,
    }))
    await run.store.tenant(tenant).write((tx) => tx.enqueue(overdue))
    run.workers.start()
    await until(() => looked.length === 12)
    const asked = looked.filter((connect) => connect).length
    // Five in a row, and those that were under way meanwhile.
    expect(asked).toBeGreaterThanOrEqual(5)
    expect(asked).toBeLessThan(10)
    expect(looked.slice(asked).every((connect) => !connect)).toBe(true)
  })

  it('one lane that hangs does not keep another from its mail', async () => {
    const done: string[] = []
    const run = setup(
      {
        deliver: (job, signal) =>
          job.lane === 'hangs'
            ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
            : Promise.resolve(done.push(job.lane)),
      },
      { concurrency: { deliver: 4 }, laneLimit: () => 3 },
    )
    const steps = Array.from({ length: 20 }, (_, at) => `s${at}`)
    await run.store.tenant(tenant).write((tx) => tx.enqueue(steps.map((step) => deliver('hangs', step))))
    run.workers.start()
    await run.store.tenant(tenant).write((tx) => tx.enqueue(steps.map((step) => deliver('well', step))))
    await until(() => done.length === 20)
  })

  it('a step of the clock by a day takes no job out of the hands of its worker', async () => {
    let offset = 0
    const clock = { now: () => Date.now() + offset }
    const store = memoryStore(clock.now)
    let begun = 0
    const workers = createWorkers({
      store,
      handlers: {
        process: async () => {
          begun++
          await new Promise((resolve) => setTimeout(resolve, 400))
        },
      },
      clock,
      log: silentLog,
      metrics: noMetrics,
      pollMs: 20,
      reapMs: 30,
      maxCrashes: 1,
    })
    started.push(workers)
    await store.tenant(tenant).write((tx) => tx.enqueue([{ ...deliver('', 'a'), queue: 'process' }]))
    workers.start()
    await until(() => begun === 1)
    offset = 86_400_000
    await new Promise((resolve) => setTimeout(resolve, 120))
    offset = -86_400_000
    await until(() => store.jobs()[0]!.state === 'done')
    expect(begun).toBe(1)
  })
})
