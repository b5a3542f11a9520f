import type { MessageRecord, TenantId } from '../../shared/domain/index.ts'
import type { Store } from '../ports/store.ts'

/** Data classes of the mails that carry one of these Message-IDs, as the gateway decided on them. */
export type AnsweredClasses = (tenant: TenantId, messageIds: readonly string[]) => Promise<readonly string[]>

/**
 * From the tenant's own records; what was purged is not known any more. With `isAsker`, only of mails that one of the asker's
 * addresses sent or got: an answer to a question must not tell how confidential other people's mail is. Raises `store-unavailable`.
 */
export function answeredClasses(store: Store, isAsker?: (address: string) => boolean): AnsweredClasses {
  return async (tenant, messageIds) => {
    const messages = await store.tenant(tenant).read.messagesCalled(messageIds)
    return messages
      .filter((message) => !isAsker || tookPart(message, isAsker))
      .flatMap(({ decision }) => decision?.classification ?? [])
  }
}

/** A stranger who writes as somebody is not him. */
export function tookPart({ envelope, origin }: MessageRecord, isAsker: (address: string) => boolean): boolean {
  if (origin.authenticated !== 'none' && envelope.mailFrom !== '' && isAsker(envelope.mailFrom)) return true
  return envelope.recipients.some(({ address }) => isAsker(address))
}
