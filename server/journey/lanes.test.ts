import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import type { Lane as LaneKey } from '../ports/store.ts'
import { BREAKER } from './breaker.ts'
import { type LaneSettings, Lanes, type Reach, type Want } from './lanes.ts'

const SETTINGS: LaneSettings = {
  places: { deliver: 8, process: 3 },
  limit: ({ lane }) => (lane === 'wide' ? 100 : 4),
  breaker: (queue) => (queue === 'deliver' ? BREAKER : null),
  slowMs: 30_000,
  idleMs: 300_000,
}
const key = (lane: string, tenant = 'acme', queue: LaneKey['queue'] = 'deliver'): LaneKey => ({
  queue,
  tenant: tenantId(tenant),
  lane,
})
const nameOf = ({ queue, tenant, lane }: LaneKey) => `${queue} ${tenant} ${lane}`
type Running = LaneKey & { readonly id: string }

/** A queue behind the lanes: due jobs by lane, handed out as a database would. */
function world(settings: LaneSettings = SETTINGS) {
  const lanes = new Lanes(settings)
  const due = new Map<string, number>()
  let running: Running[] = []
  let serial = 0
  return {
    lanes,
    due,
    get running() {
      return running
    },
    add(where: LaneKey, count: number) {
      due.set(nameOf(where), (due.get(nameOf(where)) ?? 0) + count)
      lanes.offer([where])
    },
    /** One round; answers what began. */
    fill(now = 0): Running[] {
      const wants = lanes.wants(now)
      const began: Running[] = []
      for (const want of wants) {
        const there = due.get(nameOf(want)) ?? 0
        const got = want.idle ? 0 : Math.min(there, want.limit)
        due.set(nameOf(want), there - got)
        for (let at = 0; at < got; at++) {
          const { queue, tenant, lane } = want
          began.push({ queue, tenant, lane, id: String(++serial) })
        }
      }
      lanes.claimed(wants, began, now)
      running = [...running, ...began]
      return began
    },
    end(job: Running, reach: Reach = 'reached', now = 0, random = 0.5) {
      running = running.filter(({ id }) => id !== job.id)
      lanes.ended(job, reach, now, random)
    },
  }
}

describe('lanes', () => {
  it('one lane with a hundred thousand mails delays another lane by one turn', () => {
    const run = world()
    run.add(key('wide'), 100_000)
    for (let round = 0; round < 5; round++) {
      for (const job of run.fill()) if (round < 4) run.end(job)
    }
    expect(run.running).toHaveLength(8)
    run.add(key('small'), 1)
    const next: string[] = []
    for (let turns = 0; turns < 2; turns++) {
      run.end(run.running[0]!)
      next.push(...run.fill().map(({ lane }) => lane))
    }
    expect(next).toEqual(['wide', 'small'])
  })

  it('tenants take turns, however much one of them has waiting', () => {
    const run = world()
    run.add(key('', 'big', 'process'), 10_000)
    run.add(key('', 'one', 'process'), 5)
    run.add(key('', 'two', 'process'), 5)
    const order: string[] = []
    for (let round = 0; round < 5; round++)
      for (const job of run.fill()) {
        order.push(job.tenant)
        run.end(job)
      }
    expect(order.filter((tenant) => tenant === 'one')).toHaveLength(5)
    expect(order.filter((tenant) => tenant === 'two')).toHaveLength(5)
    expect(order).toHaveLength(15)
  })

  it('whatever happens: no limit is exceeded, and every lane with work and room is served within one round', () => {
    const names = ['a', 'b', 'c', 'wide']
    const event = fc.oneof(
      fc.record({ do: fc.constant('add' as const), at: fc.nat(15), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constant('fill' as const), at: fc.nat(0), count: fc.nat(0) }),
      fc.record({ do: fc.constant('end' as const), at: fc.nat(99), count: fc.nat(2) }),
      fc.record({ do: fc.constant('wait' as const), at: fc.nat(600_000), count: fc.nat(0) }),
    )
    const reaches: readonly Reach[] = ['reached', 'unreachable', 'unknown']
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const run = world()
        let now = 0
        const check = () => {
          const count = new Map<string, number>()
          for (const job of run.running) count.set(nameOf(job), (count.get(nameOf(job)) ?? 0) + 1)
          for (const [name, busy] of count) expect(busy).toBeLessThanOrEqual(name.endsWith('wide') ? 8 : 4)
          expect(run.running.length).toBeLessThanOrEqual(8)
        }
        for (const { do: what, at, count } of events) {
          if (what === 'add') run.add(key(names[at % 4]!, `t${Math.floor(at / 4)}`), count)
          if (what === 'wait') now += at
          if (what === 'end' && run.running.length > 0)
            run.end(run.running[at % run.running.length]!, reaches[count]!, now)
          if (what === 'fill') run.fill(now)
          check()
        }
        // Everybody answers from now on: all mail gets through, and nobody waits longer than a round.
        const waited = new Map<string, number>()
        for (let round = 0; [...run.due.values()].some((left) => left > 0) || run.running.length > 0; round++) {
          expect(round).toBeLessThan(2_000)
          for (const job of run.running) run.end(job, 'reached', now)
          const began = run.fill(now)
          check()
          now += 20 * 60_000
          for (const [name, left] of run.due) {
            const served = began.some((job) => nameOf(job) === name)
            waited.set(name, left > 0 && !served ? (waited.get(name) ?? 0) + 1 : 0)
            // Sixteen lanes, at least four places a fill for those that failed before: four fills are a round.
            expect(waited.get(name)).toBeLessThanOrEqual(5)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('work that comes while a claim is under way is not overlooked', () => {
    const run = world()
    run.lanes.offer([key('a')])
    const wants = run.lanes.wants(0)
    run.lanes.offer([key('a')])
    run.lanes.claimed(wants, [], 0)
    expect(run.lanes.wants(0)).toMatchObject([{ lane: 'a' }])
    run.lanes.claimed(run.lanes.wants(0), [], 0)
    expect(run.lanes.wants(0)).toEqual([])
    expect(run.lanes.views(0)).toEqual([])
  })

  it('lanes that fail or hang never have more than half of the places', () => {
    const run = world()
    run.add(key('hangs'), 50)
    run.add(key('fails'), 50)
    for (const job of run.fill()) if (job.lane === 'fails') run.end(job, 'unreachable')
    expect(run.fill(31_000)).toEqual([])
    run.add(key('well'), 50)
    expect(run.fill(31_000).map(({ lane }) => lane)).toEqual(['well', 'well', 'well', 'well'])
  })
})

describe('the breaker', () => {
  function broken() {
    const run = world()
    run.add(key('dead'), 100)
    run.add(key('well'), 100)
    for (let round = 0; round < 3; round++)
      for (const job of run.fill()) run.end(job, job.lane === 'dead' ? 'unreachable' : 'reached')
    return run
  }
  const dead = (run: ReturnType<typeof world>, now: number) => run.lanes.views(now).find(({ lane }) => lane === 'dead')

  it('closes a lane after failures in a row, and takes nothing from it while others flow on', () => {
    const run = broken()
    expect(dead(run, 0)).toMatchObject({ breaker: 'open', opensIn: 15_000 })
    const left = run.due.get('deliver acme dead')
    for (const job of run.fill(14_999)) run.end(job)
    expect(run.due.get('deliver acme dead')).toBe(left)
  })

  it('probes at once when a person asks for it, with one job, and opens up if that gets through', () => {
    const run = broken()
    run.lanes.probe([key('dead'), key('unknown')], 100)
    const [probe, ...more] = run.fill(100).filter(({ lane }) => lane === 'dead')
    expect(more).toEqual([])
    run.end(probe!, 'unreachable', 100)
    // However often somebody asks: that is no reason to leave it alone for longer.
    expect(dead(run, 100)).toMatchObject({ breaker: 'open', opensIn: 15_000 })
    run.end(run.fill(15_100).find(({ lane }) => lane === 'dead')!, 'unreachable', 15_100)
    expect(dead(run, 15_100)).toMatchObject({ breaker: 'open', opensIn: 30_000 })
    run.lanes.probe([key('dead')], 15_200)
    run.end(run.fill(15_200).find(({ lane }) => lane === 'dead')!, 'reached', 15_200)
    expect(run.fill(15_200).filter(({ lane }) => lane === 'dead').length).toBeGreaterThan(1)
  })

  it('probes with one job, waits twice as long after each failure up to the cap, and opens up again at a success', () => {
    const run = broken()
    const pauses: number[] = []
    let now = 15_000
    for (let probe = 0; probe < 8; probe++) {
      const began = run.fill(now).filter(({ lane }) => lane === 'dead')
      expect(began).toHaveLength(1)
      expect(run.lanes.wants(now).filter(({ lane }) => lane === 'dead')).toEqual([])
      run.end(began[0]!, 'unreachable', now)
      for (const job of run.running) run.end(job)
      pauses.push(dead(run, now)!.opensIn!)
      now += dead(run, now)!.opensIn!
    }
    expect(pauses.map((ms) => ms / 1_000)).toEqual([30, 60, 120, 240, 450, 450, 450, 450])
    const [probe] = run.fill(now).filter(({ lane }) => lane === 'dead')
    run.end(probe!, 'reached', now)
    expect(run.fill(now).filter(({ lane }) => lane === 'dead').length).toBeGreaterThan(1)
  })

  it('next hops that never answered and that nobody writes to any more are forgotten', () => {
    const { lanes } = world()
    for (let n = 0; n < 1_000; n++) {
      const job = { ...key(`gone-${n}.example`), id: String(n) }
      lanes.claimed([], [job], 0)
      lanes.ended(job, 'unreachable', 0, 0.5)
    }
    lanes.wants(3_600_000)
    expect(lanes.views(3_600_000)).toHaveLength(1_000)
    lanes.wants(9 * 3_600_000)
    expect(lanes.views(9 * 3_600_000)).toEqual([])
  })

  it('has a lane looked after while it is closed, again and again as long as there is overdue mail', () => {
    const run = world()
    run.add(key('dead'), 100)
    const wants = run.lanes.wants(0)
    const jobs = Array.from({ length: 4 }, (_, at) => ({ ...key('dead'), id: `first ${at}` }))
    run.lanes.claimed(wants, jobs, 0)
    for (const job of jobs) run.lanes.ended(job, 'unreachable', 0, 0.9)
    const [last] = run.fill(0)
    run.end(last!, 'unreachable', 0, 0.9)
    for (const job of run.running) run.end(job, 'unreachable', 0, 0.9)
    const idle = (now: number): Want[] => run.lanes.wants(now).filter((want) => want.idle)
    const [first] = idle(1_000)
    expect(first).toMatchObject({ lane: 'dead', limit: 4 })
    const overdue = Array.from({ length: 4 }, (_, at) => ({ ...key('dead'), id: `overdue ${at}` }))
    run.lanes.claimed([first!], overdue, 1_000)
    for (const job of overdue) run.lanes.ended(job, 'unknown', 1_000, 0.9)
    // A full hand: there may be more. An empty one: not before the next look.
    run.lanes.claimed(idle(1_001), [], 1_001)
    expect(idle(2_000)).toEqual([])
  })

  it('varies its pause over the whole range, so that lanes of one host do not come back together', () => {
    const at = (random: number) => {
      const run = world()
      run.add(key('dead'), 10)
      for (let round = 0; round < 5; round++) for (const job of run.fill()) run.end(job, 'unreachable', 0, random)
      return dead(run, 0)!.opensIn
    }
    expect([at(0), at(0.5), at(0.999)]).toEqual([3_000, 15_000, 29_970])
  })
})
