import type { Fault, FaultCode } from '../../../shared/fault/index.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import { peerKey } from './networks.ts'

export interface Refused {
  /** '' where there is no session yet. */
  readonly id: string
  readonly remoteAddress: string
}

/** A peer without a session is written of once in so many ms for each reason. */
const QUIET_MS = 60_000
const MOST_REMEMBERED = 1_000

/**
 * What is told of refusals: a counter for every one, a line in the log for the first of its kind in a transaction (`told`), or
 * in a minute for a peer that has no session. Whoever misbehaves a thousand times does not write a thousand lines.
 */
export function createRefusals(log: Log, metrics: Metrics, now: () => number) {
  const lately = new Map<string, number>()

  function isNews(session: Refused, code: string, told: Set<string> | undefined): boolean {
    if (told) return told.size !== told.add(code).size
    const key = `${code} ${peerKey(session.remoteAddress)}`
    const at = lately.get(key)
    if (at !== undefined && now() - at < QUIET_MS) return false
    if (lately.size >= MOST_REMEMBERED) lately.clear()
    lately.set(key, now())
    return true
  }

  return {
    /** `code` is a fault's, or the number of a reply of the library's own. */
    note(session: Refused, code: FaultCode | `${number}`, told: Set<string> | undefined, fault?: Fault): void {
      metrics.count('smtp_refused_total', { code })
      if (!isNews(session, code, told)) return
      const fields = { code, peer: session.remoteAddress, session: session.id }
      if (code === 'internal') log.error('smtp.failed', { ...fields, cause: String(fault?.cause) })
      else log.info('smtp.refused', fields)
    },
  }
}
