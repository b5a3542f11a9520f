import { tenantId } from '../../shared/domain/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'
import type { TenantConfig } from '../config.ts'
import type { SessionPolicy } from '../journey/ingress/session-policy.ts'
import type { Store } from '../ports/store.ts'
import { verifyPassword } from './passwords.ts'

/** SMTP AUTH against the tenants' directories: the user name is the address. */
export function signIn(
  tenants: readonly Pick<TenantConfig, 'id' | 'domains'>[],
  store: Store,
): SessionPolicy['authenticate'] {
  const byDomain = new Map(
    tenants.flatMap(({ id, domains }) => domains.map((domain) => [domain, tenantId(id)] as const)),
  )
  return async function authenticate(user, password) {
    const address = canonical(user)
    const tenant = address === null ? undefined : byDomain.get(address.slice(address.lastIndexOf('@') + 1))
    const person = tenant && address ? await store.tenant(tenant).read.person(address) : null
    // The password is verified for unknown users too, so that both take the same time.
    const right = await verifyPassword(person?.passwordHash ?? null, password)
    return right && tenant && person
      ? { tenant, identity: person.address, addresses: [person.address, ...person.sendsAs] }
      : null
  }
}

function canonical(user: string): string | null {
  try {
    return canonicalAddress(user)
  } catch {
    return null
  }
}
