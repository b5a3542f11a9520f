/** An access token in memory. */
export interface Kept {
  readonly token: string
  /** Epoch ms. */
  readonly until: number
}

/** Tokens are renewed before they end: a request and the clocks of two machines take their time. */
const MARGIN_MS = 30_000

export const stillGood = ({ until }: Kept, now: number): boolean => until - now > MARGIN_MS
