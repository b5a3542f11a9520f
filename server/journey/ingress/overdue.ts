import type { FaultCode } from '../../../shared/fault/index.ts'
import type { SmtpLimits } from './smtp-options.ts'

/** Where a session stands, times in ms of one clock. */
export type Standing =
  /** We owe the client something. */
  | { readonly phase: 'working' }
  | { readonly phase: 'handshake'; readonly since: number }
  | { readonly phase: 'command'; readonly since: number; readonly startedAt: number; readonly transaction: boolean }
  /** `received`: bytes of the session so far; `held`: content waits for us. */
  | { readonly phase: 'content'; readonly received: number; readonly held: boolean }

/** Up to when content was seen to come fast enough; null outside of content. */
export interface Progress {
  mark: { readonly at: number; readonly received: number } | null
}

export interface OverdueLimits
  extends Pick<SmtpLimits, 'idleMs' | 'handshakeMs' | 'progressMs' | 'progressBytes' | 'sessionMs'> {}

/**
 * What is late in a session, or null. Deadlines are for whole things: a command up to its end, a handshake, so many bytes of
 * content in an interval. A byte now and then gains nobody time.
 */
export function overdue(now: number, standing: Standing, progress: Progress, limits: OverdueLimits): FaultCode | null {
  if (standing.phase !== 'content') progress.mark = null
  switch (standing.phase) {
    case 'working':
      return null
    case 'handshake':
      return now - standing.since > limits.handshakeMs ? 'command-timeout' : null
    case 'command':
      if (now - standing.since > limits.idleMs) return 'command-timeout'
      return !standing.transaction && now - standing.startedAt > limits.sessionMs ? 'session-spent' : null
    case 'content': {
      const { received, held } = standing
      const late = progress.mark !== null && now - progress.mark.at > limits.progressMs
      if (late && !held && received - (progress.mark?.received ?? 0) < limits.progressBytes) return 'session-timeout'
      if (progress.mark === null || late || held) progress.mark = { at: now, received }
      return null
    }
  }
}
