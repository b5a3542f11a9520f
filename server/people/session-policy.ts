import { tenantId } from '../../shared/domain/index.ts'
import type { TenantConfig } from '../config.ts'
import { networksOf } from '../journey/ingress/networks.ts'
import type { SessionPolicy } from '../journey/ingress/session-policy.ts'

/** What of a tenant's configuration says whose a session is. */
export type SessionTenant = Pick<TenantConfig, 'id' | 'domains' | 'relays' | 'clientCertificates'>

/** Whom an SMTP session belongs to: networks, certificates and domains from the configuration; passwords are somebody else's matter. */
export function sessionPolicy(
  tenants: readonly SessionTenant[],
  others: Pick<SessionPolicy, 'authenticate' | 'policyReady'>,
): SessionPolicy {
  const byDomain = new Map(tenants.flatMap((tenant) => tenant.domains.map((domain) => [domain, tenant] as const)))
  const relays = tenants.flatMap((tenant) =>
    tenant.relays.map(({ name, cidr }) => ({ tenant, name, networks: networksOf(cidr) })),
  )

  return {
    ...others,

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
      const listed = relays.filter(({ networks }) => networks(peer))
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
  }
}
