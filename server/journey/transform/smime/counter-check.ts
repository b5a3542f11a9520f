import { type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { keyInput, type SignatureScheme } from './signature-scheme.ts'

/** Of elliptic curves and RSA with 2048 bits, where checking costs a good part of signing, one signature in so many is checked. */
const ONE_IN = 16

/** Signatures made with a key since it was loaded. */
const made = new WeakMap<KeyObject, number>()

/**
 * Verifies a signature that we just made against the certificate that goes with it: a key that does not belong to its
 * certificate, or hardware that errs, is noticed before anything leaves (a faulty RSA signature would give the key away;
 * OpenSSL itself checks for that on every one). The first with a key always, then each, or one in sixteen where the
 * check would cost a reader's time more than it protects: see decision 36. Raises `key-unusable`.
 */
export function counterCheck(
  scheme: SignatureScheme,
  privateKey: KeyObject,
  certificate: X509Certificate,
  data: Buffer,
  signature: Buffer,
): void {
  const count = made.get(privateKey) ?? 0
  made.set(privateKey, count + 1)
  if (count % ONE_IN !== 0) return
  if (!holds(scheme, certificate.publicKey, data, signature)) {
    made.delete(privateKey)
    throw new Fault('key-unusable', 'what the key signed does not hold against its certificate')
  }
}

function holds(scheme: SignatureScheme, publicKey: KeyObject, data: Buffer, signature: Buffer): boolean {
  try {
    return verify(scheme.signDigest, data, keyInput(scheme, publicKey), signature)
  } catch {
    return false
  }
}
