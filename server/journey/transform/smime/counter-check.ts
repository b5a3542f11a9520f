import { type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { keyInput, type SignatureScheme } from './signature-scheme.ts'

/** Signatures made with a key since it was loaded. */
const made = new WeakMap<KeyObject, number>()

/**
 * Verifies a signature that we just made against the certificate that goes with it: a key that does not belong to its
 * certificate, or hardware that errs, is noticed before anything leaves. The first with a key always, then one in
 * `checkedOneIn`: see decision 36. Raises `key-unusable`.
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
  if (count % scheme.checkedOneIn !== 0) return
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
