import { tenantId } from '../shared/domain/index.ts'
import type { ForeignIntent } from '../shared/words/foreign/mapping.ts'
import { FOREIGN_PRODUCTS } from '../shared/words/foreign/products.ts'
import type { Config, TenantConfig } from './config.ts'
import type { ForeignIssuer } from './http/config.ts'
import type { InboundSettings } from './journey/inbound/settings.ts'
import type { DkimKey } from './journey/seal/signing-key.ts'
import type { TenantProfile } from './journey/tenant.ts'
import type { ListAccess } from './ports/lists.ts'

/** What a tenant's policy may fetch lists from. */
export function listAccessOf({ directory, hosts, ca, ldap }: TenantConfig['lists']): ListAccess {
  const authorities = ca === undefined ? [] : [ca]
  return {
    directory,
    http: { hosts, ca: authorities },
    ldap: Object.fromEntries(
      Object.entries(ldap).map(([name, { url, bindDn = null, password = null }]) => [
        name,
        { url, bindDn, password, ca: authorities },
      ]),
    ),
  }
}

/** Identity providers of a tenant whose access tokens count. */
export function foreignIssuersOf({ id, domains, issuers }: TenantConfig): ForeignIssuer[] {
  return issuers.map(({ jwksUri, algorithms, addressClaim, directory, scope, clients, addIn, ...named }) => ({
    tenant: tenantId(id),
    domains,
    ...named,
    jwks: { url: jwksUri },
    clients: clients.length > 0 && addIn ? [...clients, addIn.clientId] : clients,
    ...(algorithms ? { algorithms } : {}),
    ...(addressClaim === undefined ? {} : { addressClaim }),
    ...(directory === undefined ? {} : { directory }),
    ...(scope === undefined ? {} : { scope }),
    ...(addIn ? { addIn } : {}),
  }))
}

/** What the journey knows of a configured tenant. */
export function profileOf(tenant: TenantConfig, config: Config): TenantProfile {
  return {
    id: tenantId(tenant.id),
    name: tenant.name,
    domains: tenant.domains,
    language: tenant.language,
    publicUrl: config.http.publicUrl.replace(/\/+$/, ''),
    subjectTags: tenant.subjectTags.map(({ protection, classification, ...tag }) => ({
      ...tag,
      ...(protection === undefined ? {} : { protection }),
      ...(classification === undefined ? {} : { classification }),
    })),
    foreignIntent: foreignIntentOf(tenant.foreignIntent),
    routes: tenant.routes,
    routeByDomain: tenant.routeByDomain,
    authenticates: tenant.authentication.always,
    loopRoutes: tenant.loopRoutes,
    smime: tenant.smime,
    inbound: inboundOf(tenant.inbound),
    ...(tenant.dkim.length > 0 ? { dkim: { keys: tenant.dkim.map(dkimKey), when: tenant.dkimWhen } } : {}),
    ...(tenant.arc ? { arc: { key: tenant.arc, when: tenant.arc.when } } : {}),
    archives: Object.fromEntries(
      Object.entries(tenant.archive).map(([name, archive]) => [
        name,
        archive.kind === 'blobs' ? { kind: 'blobs', retentionMs: archive.retention } : archive,
      ]),
    ),
    webhooks: tenant.webhooks,
    apis: tenant.apis,
  }
}

function inboundOf({ marks, tripleDes, ...settings }: TenantConfig['inbound']): InboundSettings {
  const { good, decrypted, bad } = marks
  return {
    ...settings,
    legacy: { tripleDes },
    marks: { ...(good ? { good } : {}), ...(decrypted ? { decrypted } : {}), ...(bad ? { bad } : {}) },
  }
}

const dkimKey = ({ headers, ...key }: TenantConfig['dkim'][number]): DkimKey => ({
  ...key,
  ...(headers ? { headers } : {}),
})

/** The shipped products that were asked for, and the tenant's own, which take the place of those of the same name. */
function foreignIntentOf({ products, mapping, labels, unsafe }: TenantConfig['foreignIntent']): ForeignIntent {
  const own = new Set(mapping.map(({ product }) => product))
  return {
    products: [
      ...mapping,
      ...FOREIGN_PRODUCTS.filter(({ product }) => products.includes(product) && !own.has(product)),
    ],
    labels: Object.fromEntries(Object.entries(labels).map(([name, label]) => [name.toLowerCase(), label])),
    unsafe,
  }
}
