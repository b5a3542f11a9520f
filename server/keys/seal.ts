import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'

/**
 * Short secrets at rest: private keys, passwords on their way through the queue. Layout: version (1) | nonce (12) |
 * tag (16) | ciphertext; AES-256-GCM under a key derived with HKDF-SHA256 from the tenant's key encryption key, one per
 * purpose, so that no use of it ever meets another or the wrapping of data keys.
 */
const VERSION = 1
const NONCE = 12
const TAG = 16

export interface Sealing {
  /** Constant of the program; its version changes with the meaning of the text. */
  readonly purpose: string
  /** What the text belongs to; sealed for one owner it opens for no other. */
  readonly boundTo: string
}

/** Seals a text under the tenant's 32-byte key. */
export function sealText(tenantKey: Uint8Array, sealing: Sealing, text: string): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(tenantKey, sealing), nonce)
  cipher.setAAD(Buffer.from(sealing.boundTo))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), sealed])
}

/** Raises `key-unusable` when the key, the purpose, the owner or a byte differs from what was sealed. */
export function openText(tenantKey: Uint8Array, sealing: Sealing, sealed: Uint8Array): string {
  if (sealed.length < 1 + NONCE + TAG || sealed[0] !== VERSION) throw new Fault('key-unusable', 'nothing sealed')
  try {
    const nonce = sealed.subarray(1, 1 + NONCE)
    const decipher = createDecipheriv('aes-256-gcm', sealingKey(tenantKey, sealing), nonce, { authTagLength: TAG })
    decipher.setAAD(Buffer.from(sealing.boundTo))
    decipher.setAuthTag(sealed.subarray(1 + NONCE, 1 + NONCE + TAG))
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE + TAG)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new Fault('key-unusable', 'the sealed text does not open', { cause })
  }
}

export interface SealedFor {
  readonly tenant: TenantId
  /** `KeyRecord.id`. */
  readonly fingerprint: string
}

/** Seals a PKCS#8 PEM or armored private key: moved to another row or tenant it does not open. */
export function sealPrivateKey(tenantKey: Uint8Array, owner: SealedFor, text: string): Buffer {
  return sealText(tenantKey, privateKeySealing(owner), text)
}

/** Raises `key-unusable`, see `openText`. */
export function openPrivateKey(tenantKey: Uint8Array, owner: SealedFor, sealed: Uint8Array): string {
  return openText(tenantKey, privateKeySealing(owner), sealed)
}

/** Neither part can hold the separator: a tenant id has no `/`, a fingerprint is hex. */
function privateKeySealing({ tenant, fingerprint }: SealedFor): Sealing {
  return { purpose: 'secflow private key seal v1', boundTo: `${tenant}/${fingerprint}` }
}

function sealingKey(tenantKey: Uint8Array, { purpose }: Sealing): Buffer {
  if (tenantKey.length !== 32) throw new RangeError('the tenant key has 32 bytes')
  return Buffer.from(hkdfSync('sha256', tenantKey, Buffer.alloc(0), purpose, 32))
}
