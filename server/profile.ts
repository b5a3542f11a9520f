import { tenantId } from '../shared/domain/index.ts'
import type { Config, TenantConfig } from './config.ts'
import type { TenantProfile } from './journey/tenant.ts'

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
    routes: tenant.routes,
    archives: Object.fromEntries(
      Object.entries(tenant.archive).map(([name, archive]) => [name, archive.kind === 'blobs' ? { kind: 'blobs', retentionMs: archive.retention } : archive]),
    ),
    webhooks: tenant.webhooks,
    apis: tenant.apis,
  }
}
