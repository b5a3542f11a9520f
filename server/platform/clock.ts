import type { Clock } from '../ports/clock.ts'

/** How much faster or slower than it should the steady time runs until it agrees with the clock again. */
const SLEW = 0.5

/**
 * Time that follows `wall` at the pace of `monotonic` (both ms): a step of the clock by a day forward is caught up within two
 * days at one and a half times the pace, a step back is waited for at half of it. So what was put off comes neither all at once nor
 * a day late.
 */
export function steadyTime(wall: () => number, monotonic: () => number): () => number {
  let last = monotonic()
  let at = wall()
  return () => {
    const now = monotonic()
    const passed = Math.max(0, now - last)
    last = now
    const lag = wall() - (at + passed)
    at += passed + Math.min(Math.max(lag, -passed * SLEW), passed * SLEW)
    return Math.floor(at)
  }
}

/** The machine's clock. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  steady: steadyTime(
    () => Date.now(),
    () => performance.now(),
  ),
}
