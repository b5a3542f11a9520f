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
 * A flush that fails is never repeated: the kernel may have dropped what it could not write and would call the next one
 * a success. Every waiting unit fails with `store-unavailable`, and so does all that follows until the store is opened anew.
 */
export class WalFlush {
  readonly #sync: () => Promise<void>
  readonly #onFailure: (error: unknown) => void
  #written = 0
  #flushed = 0
  #flushes = 0
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #failure: Fault | null = null

  constructor(sync: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#sync = sync
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

  /** Null, or the end of the flushes that run. */
  get running(): Promise<void> | null {
    return this.#running
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
      this.#running ??= this.#run()
    })
  }

  /** The disk failed elsewhere (a checkpoint): nothing may be trusted that was not flushed before. */
  fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = new Fault('store-unavailable', 'the disk failed; the store has to be opened anew', { cause: error })
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
    this.#onFailure(error)
  }

  /** Waits for the flush that runs. */
  async close(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const upTo = this.#written
      try {
        await this.#sync()
      } catch (error) {
        this.fail(error)
      }
      if (this.#failure) break
      this.#flushes += 1
      this.#flushed = upTo
      const still = this.#waiting.findIndex((waiting) => waiting.upTo > upTo)
      for (const { resolve } of this.#waiting.splice(0, still < 0 ? this.#waiting.length : still)) resolve()
    }
    this.#running = null
  }
}
