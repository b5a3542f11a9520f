import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import * as der from '../../../keys/asn1/der.ts'

/** ECDH key agreement of CMS (RFC 5753): key derivation of X9.63 and AES key wrap of RFC 3394. */
export type KdfDigest = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/**
 * Key encryption key from the shared secret: X9.63 KDF over ECC-CMS-SharedInfo (RFC 5753 7.2). `wrapAlgorithm` is the
 * AlgorithmIdentifier exactly as it stands in the message, `ukm` the sender's keying material or null.
 */
export function keyEncryptionKey(
  secret: Buffer,
  digest: KdfDigest,
  wrapAlgorithm: Buffer,
  ukm: Buffer | null,
  length: 16 | 24 | 32,
): Buffer {
  const bits = Buffer.alloc(4)
  bits.writeUInt32BE(length * 8)
  const sharedInfo = der.sequence(
    wrapAlgorithm,
    ...(ukm ? [der.context(0, der.octetString(ukm))] : []),
    der.context(2, der.octetString(bits)),
  )
  const blocks: Buffer[] = []
  const counter = Buffer.alloc(4)
  for (let have = 0; have < length; have += blocks[0]!.length) {
    counter.writeUInt32BE(blocks.length + 1)
    blocks.push(createHash(digest).update(secret).update(counter).update(sharedInfo).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const IV = Buffer.alloc(8, 0xa6)
const wrapName = (kek: Buffer) => `id-aes${kek.length * 8}-wrap` as const

export function wrapKey(kek: Buffer, key: Buffer): Buffer {
  const cipher = createCipheriv(wrapName(kek), kek, IV)
  return Buffer.concat([cipher.update(key), cipher.final()])
}

/** Throws when the wrapped key's integrity check fails. */
export function unwrapKey(kek: Buffer, wrapped: Uint8Array): Buffer {
  const decipher = createDecipheriv(wrapName(kek), kek, IV)
  return Buffer.concat([decipher.update(wrapped), decipher.final()])
}
