import {
  constants,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { algorithmValue } from '../../../keys/asn1/values.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { freshBytes } from '../fresh-bytes.ts'
import {
  hkdfEncryptionKey,
  type KdfDigest,
  kemEncryptionKey,
  keyEncryptionKey,
  unwrapKey,
  WRAP_LENGTH,
} from './key-wrap.ts'
import { oaepParameters } from './oaep.ts'
import type { AgreementRecipient, KemRecipient, Recipient, TransportRecipient } from './recipient-read.ts'
import { carrying, OAEP_SHA256, PKCS1 } from './rsa-key.ts'

/** A content key to go on with. */
export interface ContentKey {
  readonly key: Buffer
  /** False: the key is random, because none was there; whatever comes out with it is nothing. */
  readonly recovered: boolean
  /** The private key refused by an exception, which takes its time. */
  readonly refused: boolean
}

/**
 * The content key of `length` bytes for one recipient, or a random one for any reason at all: a wrong padding, a wrong
 * length and a wrong key go the same way and take the same time (RFC 3218 2.3.2). Random bytes are drawn in any case.
 */
export function recoverContentKey(recipient: Recipient, identity: SmimeIdentity, length: number): ContentKey {
  const key = freshBytes(length)
  const unlocking = unlocked(recipient, identity.privateKey)
  const found = unlocking ?? NOTHING
  const recovered = found.length === length
  // One copy whichever it is: `found` over the random key, or the random key over itself.
  const chosen = recovered ? found : key
  key.set(chosen)
  return { key, recovered, refused: unlocking === null }
}

const NOTHING = Buffer.alloc(0)
const ANY_KEY = createSecretKey(Buffer.alloc(16))

function unlocked(recipient: Recipient, key: KeyObject): Buffer | null {
  try {
    switch (recipient.kind) {
      case 'transport':
        return transported(recipient, key)
      case 'agreement':
        return agreed(recipient, key)
      case 'kem':
        return encapsulated(recipient, key)
    }
  } catch {
    return null
  }
}

/**
 * Called when a message could not be decrypted although its key did not refuse: OAEP refuses by an exception (9 µs), key
 * wrap too (3 µs), and a failure without one would be told apart by it. Nothing of this is on the way of a message that opens.
 */
export function refuseOnce(recipient: Recipient, { privateKey }: SmimeIdentity): void {
  if (recipient.kind === 'transport' && recipient.algorithm.oid !== OID.rsaOaep) return
  try {
    if (recipient.kind === 'transport') {
      // One octet longer than the modulus: refused without an RSA operation.
      privateDecrypt(carrying(privateKey, OAEP_SHA256), Buffer.alloc(recipient.encryptedKey.length + 1))
    } else {
      createDecipheriv('id-aes128-wrap', ANY_KEY, NOTHING)
    }
  } catch {
    // What was wanted.
  }
}

function transported({ algorithm, encryptedKey }: TransportRecipient, key: KeyObject): Buffer {
  if (algorithm.oid === OID.rsaEncryption) {
    // OpenSSL 3.5 (Node 24) answers a bad padding with pseudo-random bytes of a pseudo-random length instead of an error.
    return privateDecrypt(carrying(key, PKCS1), encryptedKey)
  }
  if (algorithm.oid !== OID.rsaOaep) return NOTHING
  const parameters = oaepParameters(algorithm.parameters)
  if (parameters.oaepHash === 'sha256' && !parameters.oaepLabel) {
    return privateDecrypt(carrying(key, OAEP_SHA256), encryptedKey)
  }
  return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, ...parameters }, encryptedKey)
}

const X963: Readonly<Record<string, KdfDigest>> = {
  [OID.ecdhSha1]: 'sha1',
  [OID.ecdhSha256]: 'sha256',
  [OID.ecdhSha384]: 'sha384',
  [OID.ecdhSha512]: 'sha512',
}

const HKDF_X25519: Readonly<Record<string, KdfDigest>> = {
  [OID.x25519HkdfSha256]: 'sha256',
  [OID.x25519HkdfSha384]: 'sha384',
  [OID.x25519HkdfSha512]: 'sha512',
}

const CURVE_OID: Readonly<Record<string, string>> = {
  prime256v1: OID.p256,
  secp384r1: OID.p384,
  secp521r1: OID.p521,
}

function agreed({ curve, agreement, point, ukm, encryptedKey }: AgreementRecipient, privateKey: KeyObject): Buffer {
  const wrap = agreement.parameters ? algorithmValue(agreement.parameters) : null
  const length = WRAP_LENGTH[wrap?.oid ?? '']
  if (!wrap || !length) return NOTHING
  const publicKey = curve === 'x25519' ? montgomery(point) : onCurve(point, privateKey)
  const secret = diffieHellman({ privateKey, publicKey })
  // RFC 8418 allows the X9.63 functions with X25519, too.
  const hkdf = curve === 'x25519' ? HKDF_X25519[agreement.oid] : undefined
  const x963 = X963[agreement.oid]
  if (hkdf) return unwrapKey(hkdfEncryptionKey(secret, hkdf, wrap.bytes, ukm, length), encryptedKey)
  return x963 ? unwrapKey(keyEncryptionKey(secret, x963, wrap.bytes, ukm, length), encryptedKey) : NOTHING
}

/** Import refuses a point that is not on our key's curve: no invalid-curve attack on a static key. */
function onCurve(point: Buffer, { asymmetricKeyDetails }: KeyObject): KeyObject {
  const curve = CURVE_OID[asymmetricKeyDetails?.namedCurve ?? '']
  if (!curve) throw new Error('unknown curve')
  const algorithm = der.sequence(der.oid(OID.ecPublicKey), der.oid(curve))
  return createPublicKey({ key: der.sequence(algorithm, der.bitString(point)), format: 'der', type: 'spki' })
}

/** A point of low order gives a secret of zeros, which OpenSSL refuses (RFC 7748 section 6). */
function montgomery(point: Buffer): KeyObject {
  const key = der.sequence(der.algorithm(OID.x25519), der.bitString(point))
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

const KEM: Readonly<Record<string, string>> = {
  [OID.mlKem512]: 'ml-kem-512',
  [OID.mlKem768]: 'ml-kem-768',
  [OID.mlKem1024]: 'ml-kem-1024',
}

const HKDF: Readonly<Record<string, KdfDigest>> = {
  [OID.hkdfSha256]: 'sha256',
  [OID.hkdfSha384]: 'sha384',
  [OID.hkdfSha512]: 'sha512',
}

/** ML-KEM rejects implicitly: a wrong ciphertext gives another secret, and the key wrap does not hold (FIPS 203 7.3). */
function encapsulated(recipient: KemRecipient, privateKey: KeyObject): Buffer {
  const { kem, kdf, wrap, kekLength, ukm, ciphertext, encryptedKey } = recipient
  const digest = HKDF[kdf]
  const length = WRAP_LENGTH[wrap.oid]
  if (KEM[kem] !== privateKey.asymmetricKeyType || !digest || !length || length !== kekLength) return NOTHING
  const secret = decapsulate(privateKey, ciphertext)
  return unwrapKey(kemEncryptionKey(secret, digest, wrap.bytes, ukm, length), encryptedKey)
}
