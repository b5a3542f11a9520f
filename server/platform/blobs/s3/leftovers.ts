import { setTimeout as pause } from 'node:timers/promises'

const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60_000
/** What waits beyond this is left to the sweep of a later start. */
const MOST = 10_000
const TRIES = 1_000

/**
 * What a put could not take back because the store was away: removed once the store is there again. In memory only; what a
 * dead process leaves is found at the next start (an unfinished upload by its age, a blob without a row by recovery).
 */
export class Leftovers {
  #waiting = 0

  /** Tries until it works, without keeping the process alive. */
  remove(work: () => Promise<void>): void {
    if (this.#waiting >= MOST) return
    this.#waiting += 1
    void this.#insist(work)
  }

  async #insist(work: () => Promise<void>): Promise<void> {
    try {
      let longest = FIRST_PAUSE
      for (let tries = 0; tries < TRIES; tries++) {
        await pause(longest * (0.5 + Math.random() / 2), undefined, { ref: false })
        longest = Math.min(longest * 2, LONGEST_PAUSE)
        const done = await work().then(
          () => true,
          () => false,
        )
        if (done) return
      }
    } finally {
      this.#waiting -= 1
    }
  }
}
