import type { Decision, MessageRecord, Outcome, RecipientDecision, RecipientState } from '../../shared/domain/index.ts'
import { isAnswerable } from './notices.ts'

/** What a decided outcome makes of a recipient that was on the way. */
const STATE_OF: Readonly<Record<Exclude<Outcome, 'deliver'>, RecipientState>> = {
  defer: 'deferred',
  hold: 'held',
  quarantine: 'quarantined',
  reject: 'rejected',
}

/** A deferral is tried again for a day, then a person has to look (CONTRACT, "What 250 means"). */
const DEFER_LIMIT_MS = 24 * 3_600_000

/** Final word on a recipient that gets no copy now, and why. */
export interface Stopped {
  readonly state: RecipientState
  readonly detail: string
}

/** Somebody has to hear about this recipient. */
export type Told = RecipientDecision & { readonly outcome: Exclude<Outcome, 'deliver'> }

/** Settles the recipients that get nothing now into `stopped` and returns those somebody has to hear about. */
export function undelivered(
  decision: Decision,
  open: ReadonlySet<string>,
  stopped: Map<string, Stopped>,
  record: MessageRecord,
  now: number,
): Told[] {
  const told: Told[] = []
  for (const recipient of decision.recipients) {
    if (!open.has(recipient.address)) continue
    const failed = stopped.get(recipient.address)
    if (failed) told.push({ ...recipient, outcome: 'hold', text: failed.detail })
    if (failed || recipient.outcome === 'deliver') continue
    const outcome = outcomeNow(recipient.outcome, record, now)
    stopped.set(recipient.address, {
      state: STATE_OF[outcome],
      detail: recipient.text ?? recipient.reasons.map(({ text }) => text.en).join('; '),
    })
    if (outcome !== 'defer') told.push({ ...recipient, outcome })
  }
  return told
}

function outcomeNow(
  outcome: Exclude<Outcome, 'deliver'>,
  record: MessageRecord,
  now: number,
): Exclude<Outcome, 'deliver'> {
  if (outcome === 'defer' && now - record.acceptedAt > DEFER_LIMIT_MS) return 'hold'
  // A stranger's address proves nothing: a bounce would be backscatter (CONTRACT, "What 250 means").
  if (outcome === 'reject' && !isAnswerable(record)) return 'quarantine'
  return outcome
}
