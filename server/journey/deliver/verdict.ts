import type { CopyRecord, ReceivedMessage, RecipientRecord, RecipientState } from '../../../shared/domain/index.ts'
import type { TransportResult } from '../../ports/transport.ts'
import type { DsnRecipient } from './dsn-recipient.ts'
import { ownWords } from './own-words.ts'
import { isWanted } from './report.ts'

/** What becomes of one recipient after an attempt. */
export interface Verdict {
  readonly address: string
  readonly state: Extract<RecipientState, 'delivered' | 'deferred' | 'failed'>
  readonly reply: string
  /** Tries ended because the time is up, not because of the reply. */
  readonly exhausted: boolean
}

/** Reads an attempt's result; without time left, what was temporary has failed. */
export function judge(result: TransportResult, timeLeft: boolean): Verdict[] {
  return result.recipients.map(({ address, status, reply }) => {
    if (status === 'accepted') return { address, state: 'delivered', reply, exhausted: false }
    if (status === 'temporary' && timeLeft) return { address, state: 'deferred', reply, exhausted: false }
    return { address, state: 'failed', reply, exhausted: status === 'temporary' }
  })
}

/** A recipient's row names the copy that is for him; the same address in a blind copy or notice is another matter. */
export function ofCopy(rows: readonly RecipientRecord[], copy: CopyRecord): RecipientRecord[] {
  return rows.filter((row) => row.copy === copy.id)
}

/** Those of the message's own recipients whose sender wants to hear of it; never a report about a report. */
export function reportable(
  verdicts: readonly Verdict[],
  result: TransportResult,
  about: {
    copy: CopyRecord
    message: ReceivedMessage
    rows: readonly RecipientRecord[]
    now: number
    warn: boolean
    retryUntil: number
    /** The words are ours, not a next hop's. */
    local: boolean
  },
): DsnRecipient[] {
  const { copy, message, now, warn, retryUntil, local } = about
  if (copy.mailFrom === '') return []
  const own = new Set(ofCopy(about.rows, copy).map(({ address }) => address))
  const known = new Map(
    message.envelope.recipients.filter(({ address }) => own.has(address)).map((r) => [r.address, r]),
  )
  return verdicts.flatMap(({ address, state, reply, exhausted }) => {
    const recipient = known.get(address)
    const action = ({ delivered: 'relayed', deferred: 'delayed', failed: 'failed' } as const)[state]
    if (!recipient || !isWanted(action, recipient)) return []
    if (action === 'delayed' && !warn) return []
    // A next hop that offers DSN has taken over the duty to confirm (RFC 3461 5.2.1).
    if (action === 'relayed' && result.dsn) return []
    const words = local ? ownWords(reply) : null
    return [
      {
        address,
        ...(recipient.orcpt ? { orcpt: recipient.orcpt } : {}),
        action,
        reply,
        ...(words ? { words } : {}),
        ...(exhausted ? { status: expired(reply) } : {}),
        ...(result.remote && !local ? { remote: result.remote } : {}),
        lastAttempt: now,
        ...(action === 'delayed' ? { retryUntil } : {}),
      },
    ]
  })
}

/** Why the time was up: what security kept from being sent is told as that (RFC 3463 3.8), everything else as too late. */
function expired(reply: string): string {
  const security = /^\d{3} [45]\.(7\.\d{1,3})\b/.exec(reply)?.[1]
  return security ? `5.${security}` : '4.4.7'
}
