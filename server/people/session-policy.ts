import { BlockList, isIPv6 } from 'node:net'
import { type TenantId, tenantId } from '../../shared/domain/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'
import type { TenantConfig } from '../config.ts'
import type { SessionPolicy } from '../journey/ingress/session-policy.ts'
import type { Store } from '../ports/store.ts'
import { verifyPassword } from './passwords.ts'

/** Whom an SMTP session belongs to, from the configuration and the tenants' directories. */
export function sessionPolicy(
  tenants: readonly TenantConfig[],
  store: Store,
  policyReady: (tenant: TenantId) => boolean,
): SessionPolicy {
  const byDomain = new Map(tenants.flatMap((tenant) => tenant.domains.map((domain) => [domain, tenant] as const)))
  const relays = tenants.flatMap((tenant) =>
    tenant.relays.map(({ name, cidr }) => ({ tenant, name, networks: networksOf(cidr) })),
  )

  return {
    async authenticate(user, password) {
      const address = canonical(user)
      const tenant = address === null ? undefined : byDomain.get(address.slice(address.lastIndexOf('@') + 1))
      const person = tenant && address ? await store.tenant(tenantId(tenant.id)).read.person(address) : null
      // The password is verified for unknown users too, so that both take the same time.
      const right = await verifyPassword(person?.passwordHash ?? null, password)
      return right && tenant && person
        ? { tenant: tenantId(tenant.id), identity: person.address, addresses: [person.address] }
        : null
    },

    async clientCertificate({ fingerprint }) {
      for (const tenant of tenants) {
        const known = tenant.clientCertificates.find((certificate) => certificate.fingerprint === fingerprint)
        if (known) {
          const addresses = known.senders.length ? known.senders : tenant.domains.map((domain) => `@${domain}`)
          return { tenant: tenantId(tenant.id), identity: known.name, addresses }
        }
      }
      return null
    },

    async relay(peer, mailFromDomain) {
      const listed = relays.filter(({ networks }) => networks.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4'))
      // A bounce has no domain: it belongs to the tenant only where the relay serves one.
      const found =
        mailFromDomain === ''
          ? new Set(listed.map(({ tenant }) => tenant.id)).size === 1
            ? listed[0]
            : undefined
          : listed.find(({ tenant }) => tenant.domains.includes(mailFromDomain))
      return found ? { tenant: tenantId(found.tenant.id), name: found.name } : null
    },

    async inboundTenant(rcptDomain) {
      const tenant = byDomain.get(rcptDomain)
      return tenant ? tenantId(tenant.id) : null
    },

    policyReady,
  }
}

function canonical(user: string): string | null {
  try {
    return canonicalAddress(user)
  } catch {
    return null
  }
}

function networksOf(cidr: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of cidr) {
    const [address = '', bits] = text.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}
