import { tenantId } from '../../shared/domain/index.ts'
import type { TenantConfig } from '../config.ts'
import { verifyPassword } from '../people/passwords.ts'
import type { HttpServices } from './services.ts'

/** The system clients of the configuration, by their secrets. */
export function systemClients(tenants: readonly Pick<TenantConfig, 'id' | 'clients'>[]): HttpServices['authenticate'] {
  const clients = tenants.flatMap((tenant) => tenant.clients.map((entry) => ({ tenant, entry })))
  return async ({ client, secret }) => {
    const found = clients.find(({ entry }) => entry.id === client)
    const right = await verifyPassword(found?.entry.secretHash ?? null, secret)
    if (!right || !found) return null
    const { senders, scopes, roles } = found.entry
    return { tenant: tenantId(found.tenant.id), subject: client, address: null, senders, scopes, roles }
  }
}
