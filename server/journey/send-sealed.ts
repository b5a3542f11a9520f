import type { TenantId } from '../../shared/domain/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { Store } from '../ports/store.ts'
import type { MailPayload, SmsPayload } from './effects.ts'
import { sealPayload } from './sealed-payload.ts'

/** `key` makes a second try the same mail. */
export type SealedMail = { readonly to: string; readonly key: string } & (
  | { readonly subject: string; readonly text: string; readonly html?: string }
  /** A finished mail, base64. */
  | { readonly message: string }
)

export interface SealedSending {
  mail(tenant: TenantId, mail: SealedMail): Promise<void>
  sms(tenant: TenantId, sms: { readonly to: string; readonly text: string; readonly key: string }): Promise<void>
}

/** Puts mails and text messages of our own into the queue that belong to no message: codes, receipts, reports. */
export function createSealedSending({
  store,
  secrets,
  clock,
}: {
  readonly store: Store
  readonly secrets: TenantSecrets
  readonly clock: Clock
}): SealedSending {
  function enqueue(tenant: TenantId, queue: 'mail' | 'sms', step: string, payload: MailPayload | SmsPayload) {
    const job = { queue, lane: '', step, payload, message: null, runAt: clock.now() }
    return store.tenant(tenant).write((tx) => tx.enqueue([job]))
  }
  return {
    mail: async (tenant, { key, ...mail }) =>
      enqueue(tenant, 'mail', key, { sealed: sealPayload(secrets, tenant, mail) }),
    sms: async (tenant, { key, ...sms }) =>
      enqueue(tenant, 'sms', key, { recipient: '', sealed: sealPayload(secrets, tenant, sms) }),
  }
}
