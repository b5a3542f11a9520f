/** What the load client handed in, and what it was told: the one side of the accounts. */

/** `unanswered`: its final dot was on its way when the connection ended. Then it may stand, as if it never came, or both. */
export type Fate = 'accepted' | 'refused' | 'unanswered'

export interface Sent {
  /** Message-ID without brackets. */
  readonly id: string
  readonly recipients: readonly string[]
  /** SHA-256 of the body as it stood on the wire after the empty line. */
  readonly sha256: string
  fate: Fate
  reply: string
  /** `performance.now()` when the reply to the final dot came. */
  at: number
}

export type Ledger = Map<string, Sent>
