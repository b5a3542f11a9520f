import {
  constants,
  createPrivateKey,
  createSign,
  type JsonWebKey,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import { enums, type Key, type PrivateKey, readPrivateKey, type Subkey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { pgpConfig } from './config.ts'
import { mpi } from './packet.ts'
import { base64url, type Numbers, rsaJwk } from './rsa-key.ts'

export type SignatureHash = 'sha256' | 'sha512'

/** A private key that is ready to sign with node:crypto; the library's own path reads the message twice as slowly. */
export interface PgpSigner {
  readonly version: 4 | 6
  /** Public-key algorithm id (RFC 9580 9.1). */
  readonly algorithm: number
  /** In words, for receipts: `EdDSA`, `RSA-3072`. */
  readonly name: string
  readonly fingerprint: Buffer
  readonly keyId: Buffer
  /** The shortest hash that is strong enough for the key. */
  readonly hash: SignatureHash
  /** ECDSA cannot sign a digest here, it wants to hash for itself: such a key gets the signed bytes as well. */
  readonly hashesItself: boolean
  /** Algorithm-specific fields of the signature packet (RFC 9580 5.2.3.1 to 5.2.3.5). */
  readonly signDigest: (hash: SignatureHash, digest: Buffer) => Buffer
  /** The same over the data themselves, in a thread of the pool; only where that is worth the way there. */
  readonly signData?: (hash: SignatureHash, data: Buffer) => Promise<Buffer>
  readonly startOwnHash: (hash: SignatureHash) => { update(bytes: Uint8Array): void; sign(): Buffer }
}

const parsed = new WeakMap<PgpIdentity, Promise<PrivateKey>>()

/** Parses an identity's private key once for as long as the identity object lives. Raises `key-unusable`. */
export function privateKeyOf(identity: PgpIdentity): Promise<PrivateKey> {
  let key = parsed.get(identity)
  if (!key) {
    key = readPrivateKey({ armoredKey: identity.armoredPrivate, config: pgpConfig }).then(
      (read) => {
        if (!read.isDecrypted()) throw new Fault('key-unusable', 'the private key is locked')
        return read
      },
      (cause) => {
        throw new Fault('key-unusable', 'the private key cannot be read', { cause })
      },
    )
    parsed.set(identity, key)
  }
  return key
}

/** The key of an identity that may sign at `time` (epoch ms): a subkey where there is one. Raises `key-unusable`. */
export async function signerOf(identity: PgpIdentity, time: number): Promise<PgpSigner> {
  const key = await privateKeyOf(identity)
  const chosen = await key.getSigningKey(undefined, new Date(time), undefined, pgpConfig).catch((cause) => {
    throw new Fault('key-unusable', 'no key of the sender may sign now', { cause })
  })
  let signer = signers.get(chosen.keyPacket)
  if (!signer) {
    signer = signerFor(chosen)
    signers.set(chosen.keyPacket, signer)
  }
  return signer
}

/** Importing a key into OpenSSL takes longer than signing with it. */
const signers = new WeakMap<object, PgpSigner>()

function signerFor(chosen: Key | Subkey): PgpSigner {
  const { keyPacket } = chosen
  if (!('privateParams' in keyPacket) || keyPacket.privateParams === null) {
    throw new Fault('key-unusable', 'the private part of the signing key is missing')
  }
  const fingerprint = Buffer.from(chosen.getFingerprint(), 'hex')
  const version = keyPacket.version === 6 ? 6 : 4
  const { curve, bits } = chosen.getAlgorithmInfo()
  const material = signingMaterial(
    keyPacket.algorithm,
    curve,
    keyPacket.publicParams as Numbers,
    keyPacket.privateParams as Numbers,
  )
  return {
    version,
    algorithm: keyPacket.algorithm,
    name: bits ? `${material.name}-${bits}` : material.name,
    fingerprint,
    keyId: version === 6 ? fingerprint.subarray(0, 8) : fingerprint.subarray(12),
    hash: curve === 'nistP384' || curve === 'nistP521' ? 'sha512' : 'sha256',
    hashesItself: material.hashesItself,
    signDigest: material.signDigest,
    ...(material.signData ? { signData: material.signData } : {}),
    startOwnHash(hash) {
      const signing = createSign(hash)
      return {
        update: (bytes) => void signing.update(bytes),
        sign: () => twoNumbers(signing.sign({ key: material.key, dsaEncoding: 'ieee-p1363' })),
      }
    },
  }
}

interface Material {
  readonly name: string
  readonly key: KeyObject
  readonly signDigest: PgpSigner['signDigest']
  readonly signData?: NonNullable<PgpSigner['signData']>
  readonly hashesItself: boolean
}

function signingMaterial(algorithm: number, curve: string | undefined, pub: Numbers, priv: Numbers): Material {
  switch (algorithm) {
    case enums.publicKey.rsaEncryptSign:
    case enums.publicKey.rsaSign: {
      const key = importKey(rsaJwk(pub, priv))
      return {
        name: 'RSA',
        key,
        hashesItself: false,
        signDigest: (hash, digest) => mpi(signRsa(key, hash, digest)),
        signData: async (hash, data) => mpi(await signInPool(hash, data, key)),
      }
    }
    case enums.publicKey.eddsaLegacy: {
      if (curve !== 'ed25519Legacy') break
      const key = importKey({ kty: 'OKP', crv: 'Ed25519', d: base64url(priv.seed), x: base64url(pub.Q?.subarray(1)) })
      return {
        name: 'EdDSA (Ed25519)',
        key,
        hashesItself: false,
        signDigest: (_hash, digest) => twoNumbers(sign(null, digest, key)),
      }
    }
    case enums.publicKey.ed25519: {
      const key = importKey({ kty: 'OKP', crv: 'Ed25519', d: base64url(priv.seed), x: base64url(pub.A) })
      return { name: 'Ed25519', key, hashesItself: false, signDigest: (_hash, digest) => sign(null, digest, key) }
    }
    case enums.publicKey.ecdsa: {
      const nist = NIST_CURVES[curve ?? '']
      if (!nist) break
      const point = pub.Q ?? new Uint8Array()
      const key = importKey({
        kty: 'EC',
        crv: nist.name,
        d: base64url(leftPad(priv.d, nist.bytes)),
        x: base64url(point.subarray(1, 1 + nist.bytes)),
        y: base64url(point.subarray(1 + nist.bytes)),
      })
      const signDigest = () => {
        throw new Fault('internal', 'an ECDSA key hashes for itself')
      }
      return { name: `ECDSA (${nist.name})`, key, signDigest, hashesItself: true }
    }
  }
  throw new Fault('key-unusable', 'the algorithm of the signing key is not supported')
}

const NIST_CURVES: Readonly<Record<string, { name: string; bytes: number }>> = {
  nistP256: { name: 'P-256', bytes: 32 },
  nistP384: { name: 'P-384', bytes: 48 },
  nistP521: { name: 'P-521', bytes: 66 },
}

function importKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ format: 'jwk', key: jwk })
  } catch (cause) {
    throw new Fault('key-unusable', 'the private key cannot be imported', { cause })
  }
}

/** DER of DigestInfo up to the digest (RFC 8017 9.2 note 1). */
const DIGEST_INFO: Readonly<Record<SignatureHash, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
}

function signRsa(key: KeyObject, hash: SignatureHash, digest: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([DIGEST_INFO[hash], digest]))
}

const signInPool = promisify<string, Buffer, KeyObject, Buffer>(sign)

function twoNumbers(signature: Buffer): Buffer {
  const half = signature.length / 2
  return Buffer.concat([mpi(signature.subarray(0, half)), mpi(signature.subarray(half))])
}

function leftPad(bytes: Uint8Array | undefined, length: number): Uint8Array {
  const value = bytes ?? new Uint8Array()
  return value.length >= length ? value : Buffer.concat([Buffer.alloc(length - value.length), value])
}
