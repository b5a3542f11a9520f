import type { InBoth } from '../../../shared/fault/index.ts'

export type DsnAction = 'failed' | 'delayed' | 'relayed'

export interface DsnRecipient {
  readonly address: string
  /** ORCPT, xtext-decoded: `rfc822;user@example`. */
  readonly orcpt?: string
  readonly action: DsnAction
  /** Whole reply of the next hop, or words of ours in the same form. */
  readonly reply: string
  /** What people read in place of the reply, where it is ours to say. */
  readonly words?: InBoth
  /** RFC 3463, where it is not that of the reply (time is up: 4.4.7). */
  readonly status?: string
  /** Name of the server that replied. */
  readonly remote?: string
  readonly lastAttempt: number
  /** For `delayed`, epoch ms. */
  readonly retryUntil?: number
}
