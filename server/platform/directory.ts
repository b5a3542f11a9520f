import { inPrecedence } from '../../shared/domain/index.ts'
import { lookupAddress } from '../../shared/words/address.ts'
import type { Directory } from '../ports/directory.ts'
import type { Store } from '../ports/store.ts'

/** The directory over the tenant's own records. */
export function storeDirectory(store: Store): Directory {
  return {
    person: (tenant, address) => store.tenant(tenant).read.person(lookupAddress(address)),
    async holders(tenant, role) {
      return inPrecedence(await store.tenant(tenant).read.peopleWithRole(role))
    },
  }
}
