import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nextAttempt, nextLook, SMTP_SCHEDULE } from './backoff.ts'

it('pauses 1, 5, 15, 30 minutes, 1 hour, then 4 hours', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 20].map(
    (attempt) => nextAttempt(SMTP_SCHEDULE, { attempt, firstAt: 0, now: 0, random: 0.5 })! / 60_000,
  )
  expect(pauses).toEqual([1, 5, 15, 30, 60, 240, 240])
})

it('varies over nearly the whole pause either way, never goes back, and ends exactly at five days', () => {
  const end = SMTP_SCHEDULE.giveUpAfter
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: end * 2 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, now, random) => {
        const next = nextAttempt(SMTP_SCHEDULE, { attempt, firstAt: 0, now, random })
        if (now >= end) {
          expect(next).toBeNull()
          return
        }
        const pause = SMTP_SCHEDULE.pauses[attempt - 1] ?? SMTP_SCHEDULE.further
        expect(next).toBeGreaterThanOrEqual(Math.min(end, Math.floor(now + pause * 0.1)))
        expect(next).toBeLessThanOrEqual(Math.min(end, Math.ceil(now + pause * 1.9)))
      },
    ),
  )
})

it('looks after the mail of a closed lane within one to two hours, and at its end', () => {
  const hour = 3_600_000
  expect(nextLook({ now: 0, end: 9 * hour, random: 0 })).toBe(hour)
  expect(nextLook({ now: 0, end: 9 * hour, random: 0.5 })).toBe(1.5 * hour)
  expect(nextLook({ now: 8 * hour, end: 9 * hour, random: 0.9 })).toBe(9 * hour)
  expect(nextLook({ now: 9 * hour, end: 9 * hour, random: 0.9 })).toBeNull()
})
