import type { TenantId } from '../../shared/domain/index.ts'
import type { Store } from '../ports/store.ts'

/** Data classes of the mails that carry one of these Message-IDs, as the gateway decided on them. */
export type AnsweredClasses = (tenant: TenantId, messageIds: readonly string[]) => Promise<readonly string[]>

/** From the tenant's own records; what was purged is not known any more. Raises `store-unavailable`. */
export function answeredClasses(store: Store): AnsweredClasses {
  return async (tenant, messageIds) => {
    const messages = await store.tenant(tenant).read.messagesCalled(messageIds)
    return messages.flatMap(({ decision }) => decision?.classification ?? [])
  }
}
