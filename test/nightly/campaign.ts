/** A long test with a seed and a count, run by `npm run test:nightly` and not by `npm test`. */
export interface Campaign {
  readonly name: string
  /** What is counted: `inputs`, `kills`, `MB`. */
  readonly unit: string
  readonly full: number
  readonly quick: number
  run(order: Order): Promise<Outcome>
}

export interface Order {
  readonly count: number
  readonly seed: number
  /** `performance.now()` at which to stop early; what was done until then counts. */
  readonly until: number
  say(text: string): void
}

export interface Outcome {
  readonly done: number
  /** One line each, with what is needed to see it again; empty when the campaign passed. */
  readonly failures: readonly string[]
  /** For the table: rates, memory, retries. */
  readonly note: string
}
