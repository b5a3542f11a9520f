import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nextAttempt, SMTP_SCHEDULE } from './backoff.ts'

it('pauses 1, 5, 15, 30 minutes, 1 hour, then 4 hours', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 20].map(
    (attempt) => nextAttempt(SMTP_SCHEDULE, { attempt, firstAt: 0, now: 0, random: 0.5 })! / 60_000,
  )
  expect(pauses).toEqual([1, 5, 15, 30, 60, 240, 240])
})

it('varies by at most a fifth, never goes back, and ends exactly at five days', () => {
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
        expect(next).toBeGreaterThanOrEqual(Math.min(end, Math.floor(now + pause * 0.8)))
        expect(next).toBeLessThanOrEqual(Math.min(end, Math.ceil(now + pause * 1.2)))
      },
    ),
  )
})
