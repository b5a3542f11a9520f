import fc from 'fast-check'
import { expect, it } from 'vitest'
import { steadyTime } from './clock.ts'

const DAY = 86_400_000

function world() {
  let wall = 1_800_000_000_000
  let mono = 0
  const steady = steadyTime(
    () => wall,
    () => mono,
  )
  return {
    steady,
    lag: () => wall - steady(),
    pass(ms: number) {
      wall += ms
      mono += ms
    },
    step(ms: number) {
      wall += ms
    },
  }
}

it('is the clock as long as nobody sets it', () => {
  const run = world()
  for (let at = 0; at < 1_000; at++) {
    run.pass(977)
    expect(run.lag()).toBe(0)
  }
})

it('whatever the clock does: never goes back, never runs faster than one and a half times', () => {
  const event = fc.record({
    pass: fc.integer({ min: 0, max: 600_000 }),
    step: fc.integer({ min: -2 * DAY, max: 2 * DAY }),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 50 }), (events) => {
      const run = world()
      let before = run.steady()
      for (const { pass, step } of events) {
        run.step(step)
        run.pass(pass)
        const now = run.steady()
        expect(now).toBeGreaterThanOrEqual(before)
        expect(now - before).toBeLessThanOrEqual(pass * 1.5 + 1)
        before = now
      }
    }),
  )
})

it.each([DAY, -DAY])('agrees with the clock again two days after a step of %d ms', (step) => {
  const run = world()
  run.step(step)
  for (let minutes = 0; minutes < 2 * 24 * 60; minutes++) {
    run.pass(60_000)
    run.steady()
  }
  expect(Math.abs(run.lag())).toBeLessThanOrEqual(1)
})
