import type { PgpIdentity } from '../../../ports/keyring.ts'
import { sessionFor } from './encrypt.ts'
import { SIGNED_WITH } from './sign.ts'
import { type SignatureHash, signerOf } from './signer.ts'

/** Entry of `Receipt.layers` for `pgpSignEntity`: algorithm, hash and fingerprint, as an auditor compares them. `time` is epoch ms. */
export async function describePgpSignature(identity: PgpIdentity, time: number): Promise<string> {
  return `OpenPGP/MIME signature, ${await signatureInWords(identity, SIGNED_WITH, time)}`
}

/** Entry of `Receipt.layers` for `pgpEncryptEntity`, with the signature inside where `sign` is given. `time` is epoch ms. */
export async function describePgpEncryption(
  recipients: readonly string[],
  sign: PgpIdentity | undefined,
  time: number,
): Promise<string> {
  const { keys, session } = await sessionFor(recipients, time)
  const protection = session.aeadAlgorithm ? 'SEIPD version 2, OCB' : 'SEIPD version 1'
  const cipher = session.algorithm.replace(/^aes/, 'AES-')
  const readers = keys.map((key) => key.getFingerprint()).join(', ')
  const encryption = `OpenPGP/MIME encryption, ${protection}, ${cipher}, for ${readers}`
  return sign ? `${encryption}; signed inside, ${await signatureInWords(sign, 'key', time)}` : encryption
}

async function signatureInWords(identity: PgpIdentity, hash: SignatureHash | 'key', time: number): Promise<string> {
  const signer = await signerOf(identity, time)
  const used = hash === 'key' ? signer.hash : hash
  return `${signer.name}, ${used.replace('sha', 'SHA-')}, by ${signer.fingerprint.toString('hex')}`
}
