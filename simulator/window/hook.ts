import type { ComposeView } from './compose.ts'
import type { Desk } from './desk.ts'
import type { SEND_TIMES } from './send.ts'

/** What tests, and the curious in a console, may touch. */
export interface Hook {
  readonly desk: Desk
  /** Ms; may be shortened. */
  readonly times: typeof SEND_TIMES
  /** The mail that is written, if one is. */
  open(): ComposeView | null
}

declare global {
  interface Window {
    secflowSimulator?: Hook
  }
}
