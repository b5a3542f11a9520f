import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'

/**
 * Private keys at rest. Layout: version (1) | nonce (12) | tag (16) | ciphertext; AES-256-GCM under a key derived with
 * HKDF-SHA256 from the tenant's key encryption key, so that this use of it never meets the wrapping of data keys. Tenant
 * and fingerprint are authenticated: a sealed key moved to another row or tenant does not open.
 */
const VERSION = 1
const NONCE = 12
const TAG = 16

export interface SealedFor {
  readonly tenant: TenantId
  /** `KeyRecord.id`. */
  readonly fingerprint: string
}

/** Seals a PKCS#8 PEM or armored private key under the tenant's 32-byte key. */
export function sealPrivateKey(tenantKey: Uint8Array, owner: SealedFor, text: string): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(tenantKey), nonce)
  cipher.setAAD(boundTo(owner))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), sealed])
}

/** Raises `key-unusable` when the key, the owner or a byte differs from what was sealed. */
export function openPrivateKey(tenantKey: Uint8Array, owner: SealedFor, sealed: Uint8Array): string {
  if (sealed.length < 1 + NONCE + TAG || sealed[0] !== VERSION) throw new Fault('key-unusable', 'not a sealed key')
  try {
    const decipher = createDecipheriv('aes-256-gcm', sealingKey(tenantKey), sealed.subarray(1, 1 + NONCE), {
      authTagLength: TAG,
    })
    decipher.setAAD(boundTo(owner))
    decipher.setAuthTag(sealed.subarray(1 + NONCE, 1 + NONCE + TAG))
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE + TAG)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new Fault('key-unusable', 'the sealed key does not open', { cause })
  }
}

function sealingKey(tenantKey: Uint8Array): Buffer {
  if (tenantKey.length !== 32) throw new RangeError('the tenant key has 32 bytes')
  return Buffer.from(hkdfSync('sha256', tenantKey, Buffer.alloc(0), 'secflow private key seal v1', 32))
}

/** Neither part can hold the separator: a tenant id has no `/`, a fingerprint is hex. */
function boundTo({ tenant, fingerprint }: SealedFor): Buffer {
  return Buffer.from(`${tenant}/${fingerprint}`)
}
