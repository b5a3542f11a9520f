import type { TenantId } from '../../shared/domain/index.ts'

/** Keys derived or unwrapped from the operator's master secret, one set per tenant. */
export interface TenantSecrets {
  /** 32-byte key encryption key for FileLink and portal data keys. */
  keyEncryptionKey(tenant: TenantId): Buffer
  /** 32-byte HMAC key for one-time codes and loop marks. */
  macKey(tenant: TenantId): Buffer
}
