import { createCipheriv, createDecipheriv, createHash, createSecretKey, hkdfSync } from 'node:crypto'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'

/** Key derivation and AES key wrap (RFC 3394) of the recipients that agree on a secret: ECDH, X25519, ML-KEM. */
export type KdfDigest = 'sha1' | 'sha256' | 'sha384' | 'sha512'
export type KeyLength = 16 | 24 | 32

export const WRAP_LENGTH: Readonly<Record<string, KeyLength>> = {
  [OID.aes128Wrap]: 16,
  [OID.aes192Wrap]: 24,
  [OID.aes256Wrap]: 32,
}

/** A key encryption key of `length` bytes from a shared secret; `ukm` is the keying material of the sender. */
type KeyDerivation = (
  secret: Buffer,
  digest: KdfDigest,
  wrapAlgorithm: Buffer,
  ukm: Buffer | null,
  length: KeyLength,
) => Buffer

/** ECC-CMS-SharedInfo (RFC 5753 7.2); `wrapAlgorithm` is the AlgorithmIdentifier exactly as it stands in the message. */
function sharedInfo(wrapAlgorithm: Buffer, ukm: Buffer | null, length: KeyLength): Buffer {
  const bits = Buffer.alloc(4)
  bits.writeUInt32BE(length * 8)
  return der.sequence(
    wrapAlgorithm,
    ...(ukm ? [der.context(0, der.octetString(ukm))] : []),
    der.context(2, der.octetString(bits)),
  )
}

/** Key encryption key from an ECDH secret: X9.63 KDF over ECC-CMS-SharedInfo (RFC 5753 7.2). */
export const keyEncryptionKey: KeyDerivation = (secret, digest, wrapAlgorithm, ukm, length) => {
  const info = sharedInfo(wrapAlgorithm, ukm, length)
  const blocks: Buffer[] = []
  const counter = Buffer.alloc(4)
  for (let have = 0; have < length; have += blocks[0]!.length) {
    counter.writeUInt32BE(blocks.length + 1)
    blocks.push(createHash(digest).update(secret).update(counter).update(info).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** Key encryption key from an X25519 secret: HKDF over ECC-CMS-SharedInfo, salted with the keying material if there is some (RFC 8418 section 2). */
export const hkdfEncryptionKey: KeyDerivation = (secret, digest, wrapAlgorithm, ukm, length) => {
  const info = sharedInfo(wrapAlgorithm, ukm, length)
  return Buffer.from(hkdfSync(digest, secret, ukm ?? Buffer.alloc(0), info, length))
}

/** Key encryption key from an encapsulated secret: HKDF over CMSORIforKEMOtherInfo (RFC 9629 section 5, RFC 9936 2.2.1). */
export const kemEncryptionKey: KeyDerivation = (secret, digest, wrapAlgorithm, ukm, length) => {
  const info = der.sequence(wrapAlgorithm, der.integer(length), ...(ukm ? [der.context(0, der.octetString(ukm))] : []))
  return Buffer.from(hkdfSync(digest, secret, Buffer.alloc(0), info, length))
}

const IV = Buffer.alloc(8, 0xa6)
const wrapName = (kek: Buffer) => `id-aes${kek.length * 8}-wrap` as const

export function wrapKey(kek: Buffer, key: Buffer): Buffer {
  const cipher = createCipheriv(wrapName(kek), createSecretKey(kek), IV)
  return Buffer.concat([cipher.update(key), cipher.final()])
}

/** Throws when the wrapped key's integrity check fails. */
export function unwrapKey(kek: Buffer, wrapped: Uint8Array): Buffer {
  const decipher = createDecipheriv(wrapName(kek), createSecretKey(kek), IV)
  return Buffer.concat([decipher.update(wrapped), decipher.final()])
}
