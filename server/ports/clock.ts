/** The only source of wall-clock time. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /**
   * The same for pauses and leases, epoch ms: never goes back, and a step of the machine's clock shows in it only little by
   * little. Absent where the time is a test's.
   */
  steady?(): number
}
