/** When to try again, and when to give up (RFC 5321 4.5.4.1). All times in ms. */
export interface RetrySchedule {
  /** Pause after the first, second ... attempt. */
  readonly pauses: readonly number[]
  /** Pause after every further attempt. */
  readonly further: number
  /** Counted from the first attempt. */
  readonly giveUpAfter: number
  /** Share of a pause by which it varies either way: nearly all of it, so that mails deferred together do not come back together. */
  readonly jitter: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const SMTP_SCHEDULE: RetrySchedule = {
  pauses: [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
  further: 4 * HOUR,
  giveUpAfter: 5 * 24 * HOUR,
  jitter: 0.9,
}

/**
 * Time of the next attempt, or null when the time is up. The last attempt stands exactly at the end, so that nobody is
 * given up on hours early because a pause did not fit.
 *
 * @param attempt how many attempts were made, 1 after the first
 * @param random from [0, 1)
 */
export function nextAttempt(
  schedule: RetrySchedule,
  { attempt, firstAt, now, random }: { attempt: number; firstAt: number; now: number; random: number },
): number | null {
  const end = firstAt + schedule.giveUpAfter
  if (now >= end) return null
  const pause = schedule.pauses[attempt - 1] ?? schedule.further
  const varied = pause * (1 + schedule.jitter * (2 * random - 1))
  return Math.min(Math.round(now + varied), end)
}

/**
 * When mail of a closed lane is looked after next: within one to two hours, at the latest at its `end`; null when that is
 * over. Nobody is asked then, so it counts as no attempt.
 */
export function nextLook({ now, end, random }: { now: number; end: number; random: number }): number | null {
  return now >= end ? null : Math.min(end, Math.round(now + HOUR * (1 + random)))
}

/**
 * Pause in ms before a job is tried again that failed for a reason of its own (not a next hop's): exponential with full jitter,
 * from seconds to an hour.
 */
export function retryDelay(attempt: number, random: number = Math.random()): number {
  const ceiling = Math.min(HOUR, 5_000 * 2 ** Math.min(attempt - 1, 20))
  return Math.round(ceiling * (0.1 + 0.9 * random))
}
