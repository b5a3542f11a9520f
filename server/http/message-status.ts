import type { MessageStatus } from '../../shared/contract/index.ts'
import type { MessageRecord, RecipientRecord } from '../../shared/domain/index.ts'
import { type Identity, maySendAs } from './services.ts'

/** Whether the caller sent this mail. A stranger who writes as ours sends nothing of ours. */
export function isOwn({ envelope, origin }: MessageRecord, identity: Identity): boolean {
  return (
    (origin.authenticated !== 'none' && envelope.mailFrom !== '' && maySendAs(identity, envelope.mailFrom)) ||
    (origin.channel === 'api' && origin.identity === identity.subject)
  )
}

/** What the API says of a mail and its recipients. */
export function statusOf(message: MessageRecord, recipients: readonly RecipientRecord[]): MessageStatus {
  return {
    id: message.id,
    state: message.state,
    from: message.envelope.mailFrom,
    subject: message.subject,
    size: message.size,
    acceptedAt: iso(message.acceptedAt),
    decisionId: message.decision?.decisionId ?? null,
    revision: message.decision?.revision ?? null,
    recipients: recipients.map(({ address, state, detail, updatedAt, receipt }) => ({
      address,
      state,
      detail,
      updatedAt: iso(updatedAt),
      receipt: receipt && {
        method: receipt.method,
        layers: [...receipt.layers],
        rules: [...receipt.rules],
        links: receipt.links.map((link) => ({ ...link, expiresAt: iso(link.expiresAt) })),
      },
    })),
  }
}

const iso = (time: number) => new Date(time).toISOString()
