/** Session keys under elliptic curve keys: ECDH (RFC 9580 11.4 and 11.5), X25519 and X448 (5.1.6, 5.1.7). */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'

/** Curves as the library names them, to OpenSSL. */
const WEIERSTRASS: Readonly<Record<string, string>> = {
  nistP256: 'prime256v1',
  nistP384: 'secp384r1',
  nistP521: 'secp521r1',
}

/** What the packet of an ECDH key says. */
export interface EcdhKey {
  readonly curve: string
  /** Point with its leading octet. */
  readonly point: Uint8Array
  /** Curve, algorithm, hash and cipher as they stand in the packet: the fixed part of the derivation's parameters. */
  readonly parameters: Uint8Array
  readonly hash: number
  readonly cipher: number
  readonly fingerprint: Uint8Array
}

const HASH: Readonly<Record<number, string>> = { 8: 'sha256', 9: 'sha384', 10: 'sha512' }
const KEK: Readonly<Record<number, number>> = { 7: 16, 8: 24, 9: 32 }
const SENDER = Buffer.from('Anonymous Sender    ', 'ascii')

/** Wraps a padded session key: the ephemeral point, and the session key under what was agreed. */
export function sealEcdh(key: EcdhKey, padded: Uint8Array): { ephemeral: Buffer; wrapped: Buffer } {
  const agreed = agreeAnew(key)
  return { ephemeral: agreed.ephemeral, wrapped: wrap(kekOf(key, agreed.shared), padded) }
}

/** The padded session key. Throws anything when it does not open. */
export function openEcdh(key: EcdhKey, secret: Uint8Array, ephemeral: Uint8Array, wrapped: Uint8Array): Buffer {
  return unwrap(kekOf(key, agree(key, secret, ephemeral)), wrapped)
}

function agree(key: EcdhKey, secret: Uint8Array, ephemeral: Uint8Array): Buffer {
  if (key.curve === 'curve25519Legacy') {
    // The packet holds the scalar as a number, its octets turned round (11.2.1).
    const scalar = Buffer.from(secret).reverse()
    return montgomery('X25519', scalar, key.point.subarray(1), ephemeral.subarray(1))
  }
  const ecdh = createECDH(curveOf(key))
  ecdh.setPrivateKey(secret)
  return ecdh.computeSecret(ephemeral)
}

function agreeAnew(key: EcdhKey): { ephemeral: Buffer; shared: Buffer } {
  if (key.curve === 'curve25519Legacy') {
    const { ephemeral, shared } = montgomeryAnew('X25519', key.point.subarray(1))
    return { ephemeral: Buffer.concat([Buffer.of(0x40), ephemeral]), shared }
  }
  const ecdh = createECDH(curveOf(key))
  const ephemeral = ecdh.generateKeys()
  return { ephemeral, shared: ecdh.computeSecret(key.point) }
}

function curveOf({ curve }: EcdhKey): string {
  const known = WEIERSTRASS[curve]
  if (!known) throw new Fault('key-unusable', 'the curve of the encryption key is not supported')
  return known
}

/** Derivation of RFC 9580 11.4, one round of the hash. */
function kekOf(key: EcdhKey, shared: Uint8Array): Buffer {
  const hash = HASH[key.hash]
  const bytes = KEK[key.cipher]
  if (!hash || !bytes) throw new Fault('key-unusable', 'the key derivation of the encryption key is not supported')
  const info = Buffer.concat([key.parameters, SENDER, key.fingerprint])
  return createHash(hash)
    .update(Buffer.of(0, 0, 0, 1))
    .update(shared)
    .update(info)
    .digest()
    .subarray(0, bytes)
}

export type Montgomery = 'X25519' | 'X448'

const KDF = {
  X25519: { hash: 'sha256', info: 'OpenPGP X25519', bytes: 16 },
  X448: { hash: 'sha512', info: 'OpenPGP X448', bytes: 32 },
} as const

export function sealMontgomery(curve: Montgomery, point: Uint8Array, session: Uint8Array) {
  const { ephemeral, shared } = montgomeryAnew(curve, point)
  return { ephemeral, wrapped: wrap(montgomeryKek(curve, ephemeral, point, shared), session) }
}

/** The session key. Throws anything when it does not open. */
export function openMontgomery(
  curve: Montgomery,
  secret: Uint8Array,
  point: Uint8Array,
  ephemeral: Uint8Array,
  wrapped: Uint8Array,
): Buffer {
  const shared = montgomery(curve, secret, point, ephemeral)
  return unwrap(montgomeryKek(curve, ephemeral, point, shared), wrapped)
}

function montgomeryKek(curve: Montgomery, ephemeral: Uint8Array, point: Uint8Array, shared: Uint8Array): Buffer {
  const { hash, info, bytes } = KDF[curve]
  return Buffer.from(hkdfSync(hash, Buffer.concat([ephemeral, point, shared]), '', info, bytes))
}

function montgomery(curve: Montgomery, secret: Uint8Array, point: Uint8Array, ephemeral: Uint8Array): Buffer {
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: curve, d: base64url(secret), x: base64url(point) },
  })
  return diffieHellman({ privateKey, publicKey: publicPoint(curve, ephemeral) })
}

function montgomeryAnew(curve: Montgomery, point: Uint8Array): { ephemeral: Buffer; shared: Buffer } {
  const pair = curve === 'X25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('x448')
  const shared = diffieHellman({ privateKey: pair.privateKey, publicKey: publicPoint(curve, point) })
  return { ephemeral: Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'), shared }
}

const publicPoint = (curve: Montgomery, point: Uint8Array): KeyObject =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: curve, x: base64url(point) } })

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** AES key wrap (RFC 3394). */
const WRAP_IV = Buffer.alloc(8, 0xa6)
const wrapName = (kek: Buffer) => `id-aes${kek.length * 8}-wrap`

function wrap(kek: Buffer, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(wrapName(kek), kek, WRAP_IV)
  return Buffer.concat([cipher.update(plain), cipher.final()])
}

function unwrap(kek: Buffer, wrapped: Uint8Array): Buffer {
  const cipher = createDecipheriv(wrapName(kek), kek, WRAP_IV)
  return Buffer.concat([cipher.update(wrapped), cipher.final()])
}
