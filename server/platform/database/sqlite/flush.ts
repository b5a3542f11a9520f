import { Fault } from '../../../../shared/fault/index.ts'

interface Waiting {
  readonly upTo: number
  readonly resolve: () => void
  readonly reject: (fault: unknown) => void
}

/**
 * Puts commits on disk without holding the event loop: one `fdatasync` of the `-wal` file in the thread pool serves every
 * commit that was written before it began, and the next group may commit while it runs. Why that is as durable as
 * `synchronous=FULL` stands in docs/decisions/0023.
 *
 * Two may run side by side, so that a commit does not wait for the end of a flush that does not cover it. Each has a descriptor of
 * its own: the kernel tells of an error once per descriptor, and both must hear of it.
 *
 * A flush that fails is never repeated: the kernel may have dropped what it could not write and would call the next one
 * a success. Every waiting unit fails with `store-unavailable`, and so does all that follows until the store is opened anew.
 */
export class WalFlush {
  /** Ways to flush that nobody uses at the moment. */
  readonly #idle: (() => Promise<void>)[]
  readonly #onFailure: (error: unknown) => void
  readonly #running = new Set<Promise<void>>()
  #written = 0
  /** The newest commit that a flush covers that has begun, and one that has ended. */
  #begun = 0
  #flushed = 0
  #flushes = 0
  #waiting: Waiting[] = []
  #failure: Fault | null = null

  constructor(ways: readonly (() => Promise<void>)[], onFailure: (error: unknown) => void) {
    this.#idle = [...ways]
    this.#onFailure = onFailure
  }

  /** Flushes so far, for tests and metrics. */
  get flushes(): number {
    return this.#flushes
  }

  /** Why nothing can be stored any more; null while all is well. */
  get failure(): Fault | null {
    return this.#failure
  }

  /**
   * Null when what is committed now need not wait to be flushed, else the end of the next flush: what comes until then makes one
   * larger group. `alone`: null only while no flush runs at all.
   */
  turn(alone: boolean): Promise<void> | null {
    if (this.#running.size === 0 || (!alone && this.#idle.length > 0)) return null
    return Promise.race(this.#running)
  }

  /** A commit stands in the WAL that is not to be lost. */
  wrote(): void {
    this.#written += 1
  }

  /** Resolves once every commit told by now is on disk; raises `store-unavailable`. */
  settled(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#flushed === this.#written) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ upTo: this.#written, resolve, reject })
      this.#begin()
    })
  }

  /** The disk failed elsewhere (a checkpoint): nothing may be trusted that was not flushed before. */
  fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = new Fault('store-unavailable', 'the disk failed; the store has to be opened anew', { cause: error })
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
    this.#onFailure(error)
  }

  /** Waits for the flushes that run. */
  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Begins a flush where somebody waits for a commit that none covers yet. */
  #begin(): void {
    const newest = this.#waiting.at(-1)
    if (this.#failure || !newest || newest.upTo <= this.#begun) return
    const sync = this.#idle.pop()
    if (!sync) return
    this.#begun = this.#written
    const running = this.#flush(sync, this.#begun).then(() => {
      this.#running.delete(running)
      this.#idle.push(sync)
      this.#begin()
    })
    this.#running.add(running)
  }

  async #flush(sync: () => Promise<void>, upTo: number): Promise<void> {
    try {
      await sync()
    } catch (error) {
      this.fail(error)
    }
    if (this.#failure) return
    this.#flushes += 1
    // One that began later may have ended earlier.
    this.#flushed = Math.max(this.#flushed, upTo)
    const still = this.#waiting.findIndex((waiting) => waiting.upTo > upTo)
    for (const { resolve } of this.#waiting.splice(0, still < 0 ? this.#waiting.length : still)) resolve()
  }
}
