import type { Decision, Envelope } from '../../shared/domain/index.ts'

/**
 * The policy speaks of canonical addresses, the envelope of what the client typed (RFC 5321 2.4: only the last hop may judge
 * the case of a local part). They stand in the same order.
 */
export function withEnvelopeAddresses(decision: Decision, envelope: Pick<Envelope, 'recipients'>): Decision {
  const recipients = decision.recipients.map((recipient, at) => ({
    ...recipient,
    address: envelope.recipients[at]?.address ?? recipient.address,
  }))
  return { ...decision, recipients }
}
