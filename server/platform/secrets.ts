import { hkdfSync } from 'node:crypto'
import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { TenantSecrets } from '../ports/secrets.ts'

/** A 32-byte key for one purpose of the whole installation, by HKDF-SHA-256 (RFC 5869) from the master secret. */
export function deriveKey(master: Uint8Array, purpose: string): Buffer {
  if (master.length !== 32) throw new Fault('config-invalid', 'secrets.master must be 32 bytes')
  return Buffer.from(hkdfSync('sha256', master, 'secflow/v1', purpose, 32))
}

/** Each tenant's keys, derived from the master secret and the tenant's id: whoever has one tenant's has no other's. */
export function tenantSecrets(master: Uint8Array): TenantSecrets {
  const known = new Map<string, Buffer>()
  const key = (tenant: TenantId, purpose: string) => {
    const name = `tenant/${tenant}/${purpose}`
    const derived = known.get(name) ?? deriveKey(master, name)
    known.set(name, derived)
    return Buffer.from(derived)
  }
  return {
    keyEncryptionKey: (tenant) => key(tenant, 'key-encryption'),
    macKey: (tenant) => key(tenant, 'mac'),
  }
}
