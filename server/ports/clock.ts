/** The only source of wall-clock time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}
