/**
 * Keeps a lane whose next hop is not there from eating attempts and places. Pure: times are ms of one steady clock.
 *
 *     closed     mail flows; connection-level failures in a row are counted
 *     open       nobody is sent there until the pause is over
 *     half-open  one job probes: if it gets through the lane closes, else it opens again for longer
 */
export interface Breaker {
  /** Connection-level failures in a row. */
  readonly failures: number
  /** How often it opened since the next hop last answered. */
  readonly opened: number
  /** End of the pause; null while it is closed. */
  readonly until: number | null
  /** A person ended the pause early: what that probe finds makes no pause longer. */
  readonly asked: boolean
}

export interface BreakerSettings {
  /** Opens after so many connection-level failures in a row. */
  readonly failures: number
  /** Ceiling of the first pause; doubles with every further one. */
  readonly pauseMs: number
  /** No pause is longer. */
  readonly capMs: number
}

export type BreakerState = 'closed' | 'open' | 'half-open'

export const BREAKER: BreakerSettings = { failures: 5, pauseMs: 30_000, capMs: 15 * 60_000 }

export const CLOSED: Breaker = { failures: 0, opened: 0, until: null, asked: false }

export function stateOf({ until }: Breaker, now: number): BreakerState {
  if (until === null) return 'closed'
  return now < until ? 'open' : 'half-open'
}

/**
 * After a failure at connection level. Those who were under way when it opened change nothing: they say what is known.
 *
 * @param random from [0, 1): full jitter, so that the lanes of one dead host are not probed together
 */
export function afterFailure(breaker: Breaker, now: number, random: number, settings: BreakerSettings): Breaker {
  const failures = breaker.failures + 1
  const state = stateOf(breaker, now)
  if (state === 'open') return { ...breaker, failures }
  if (state === 'closed' && failures < settings.failures) return { ...breaker, failures }
  const before = breaker.asked ? breaker.opened - 1 : breaker.opened
  const ceiling = Math.min(settings.capMs, settings.pauseMs * 2 ** Math.min(before, 30))
  return { failures, opened: before + 1, until: now + Math.max(ceiling / 10, ceiling * random), asked: false }
}

/** Ends the pause of one that is open. */
export function probing(breaker: Breaker, now: number): Breaker {
  return stateOf(breaker, now) === 'open' ? { ...breaker, until: now, asked: true } : breaker
}
