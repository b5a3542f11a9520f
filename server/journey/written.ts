import { setTimeout as pause } from 'node:timers/promises'
import { type FaultCode, toFault } from '../../shared/fault/index.ts'

/** What a store says that is away, or full, for a while. */
const AWAY: ReadonlySet<FaultCode> = new Set(['store-unavailable', 'store-in-doubt', 'disk-full'])

/** Pauses between tries, ms: the first soon, as most outages are a restart; the longest short, as a mail waits for it. */
const FIRST_MS = 100
const LONGEST_MS = 3_000

/**
 * Writes how a job ended. What it did outside cannot be done again unseen (a mail that was taken, a text message that was
 * sent), and until it is written this process alone knows of it: a store that is away is asked again until it answers or
 * `signal` aborts. `write` must end the job under its lease, so that a second try of one that stands raises `lease-lost`.
 * Raises what the last try raised.
 */
export async function untilWritten<T>(write: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await write()
    } catch (error) {
      if (signal.aborted || !AWAY.has(toFault(error).code)) throw error
      const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10))
      await pause(ceiling * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
      if (signal.aborted) throw error
    }
  }
}
