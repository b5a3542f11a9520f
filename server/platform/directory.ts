import type { PersonRecord } from '../../shared/domain/index.ts'
import type { Directory } from '../ports/directory.ts'
import type { Store } from '../ports/store.ts'

/** Members of these groups of a role come first and last; everybody else between, in order of address. */
const PRECEDENCE: Readonly<Record<string, number>> = { 'on-call': -1, deputy: 1 }

const precedence = (person: PersonRecord): number =>
  person.groups.reduce((rank, group) => rank + (PRECEDENCE[group.toLowerCase()] ?? 0), 0)

/** The directory over the tenant's own records. */
export function storeDirectory(store: Store): Directory {
  return {
    person: (tenant, address) => store.tenant(tenant).read.person(address),
    async holders(tenant, role) {
      const people = await store.tenant(tenant).read.peopleWithRole(role)
      return people.toSorted((a, b) => precedence(a) - precedence(b)).map(({ address }) => address)
    },
  }
}
