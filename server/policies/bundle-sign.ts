import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { Fault } from '../../shared/fault/index.ts'
import type { BundleSigner, TrustRoots } from '../../shared/policy/index.ts'

/** A person or system whose signature on a bundle counts. */
export interface TrustRoot {
  /** Who holds the key: the author of what it signs. */
  readonly id: string
  /** Ed25519 public key, PEM (SubjectPublicKeyInfo). */
  readonly publicKey: string
}

/** SHA-256 of the SubjectPublicKeyInfo, hex: the key id that bundles carry. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

/** Signs with an Ed25519 private key (PKCS#8 PEM, not encrypted; RFC 8410). Raises `config-invalid` for any other key. */
export function bundleSigner(pem: string): BundleSigner {
  const key = ed25519(() => createPrivateKey(pem))
  return { keyid: keyIdOf(createPublicKey(key)), sign: (message) => sign(null, message, key) }
}

/** The keys whose signatures count, by their key id; null when there is none. Raises `config-invalid` for a key that is not Ed25519. */
export function trustRoots(roots: readonly TrustRoot[]): TrustRoots | null {
  if (roots.length === 0) return null
  const keys = new Map(
    roots.map(({ id, publicKey }) => {
      const key = ed25519(() => createPublicKey(publicKey))
      return [keyIdOf(key), { id, key }] as const
    }),
  )
  return {
    holder: (keyid) => keys.get(keyid)?.id ?? null,
    verify(keyid, message, signature) {
      const known = keys.get(keyid)
      return known !== undefined && verify(null, message, known.key, signature)
    },
  }
}

function ed25519(read: () => KeyObject): KeyObject {
  let key: KeyObject
  try {
    key = read()
  } catch (cause) {
    throw new Fault('config-invalid', 'the policy key is not a PEM key', { cause })
  }
  if (key.asymmetricKeyType === 'ed25519') return key
  throw new Fault('config-invalid', `the policy key is ${key.asymmetricKeyType ?? 'secret'}, not Ed25519`)
}
