import { forwardRanges, type Ranges } from '../../../mime/splice.ts'
import { type Budget, held, type Open } from './member.ts'

/**
 * Ranges of something that can only be read from its beginning. Ranges in rising order cost one pass; going back begins a new
 * one. Every byte that goes by is counted.
 */
export class Passes {
  readonly #open: Open
  readonly #budget: Budget
  #ranges: Ranges | null = null
  #at = 0

  constructor(open: Open, budget: Budget) {
    this.#open = open
    this.#budget = budget
  }

  async *stream(start: number, end: number): AsyncGenerator<Buffer> {
    if (!this.#ranges || start < this.#at) {
      this.#ranges = forwardRanges(this.#budget.counted(this.#open()), 0)
      this.#at = 0
    }
    const ranges = this.#ranges
    // A reader may stop early: until the range is through, nobody may go on from here.
    this.#at = Number.POSITIVE_INFINITY
    let done = start
    try {
      for await (const piece of ranges.stream(start, end)) {
        done += piece.length
        yield piece
      }
      done = end
    } finally {
      if (this.#ranges === ranges) this.#at = done
    }
  }

  /** Exactly these bytes; fewer at the end. */
  async read(start: number, end: number): Promise<Buffer> {
    return (await held(this.stream(start, end), end - start)) ?? Buffer.alloc(0)
  }
}
