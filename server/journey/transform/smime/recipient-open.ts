import { constants, createPublicKey, diffieHellman, type KeyObject, privateDecrypt } from 'node:crypto'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { algorithmValue, explicit, octets } from '../../../keys/asn1/values.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { type KdfDigest, keyEncryptionKey, unwrapKey } from './ecdh.ts'
import type { Recipient } from './enveloped-read.ts'

/**
 * The content key of `length` bytes for one recipient, or null for any reason at all: the caller goes on with a random
 * key, so that a wrong padding, a wrong length and a wrong key look the same (RFC 3218 2.3.2).
 */
export function recoverContentKey(recipient: Recipient, identity: SmimeIdentity, length: number): Buffer | null {
  try {
    const key =
      recipient.kind === 'transport'
        ? transported(recipient, identity.privateKey)
        : agreed(recipient, identity.privateKey)
    return key.length === length ? key : null
  } catch {
    return null
  }
}

function transported(recipient: Recipient & { kind: 'transport' }, key: KeyObject): Buffer {
  const { oid, parameters } = recipient.algorithm
  if (oid === OID.rsaEncryption) {
    // OpenSSL 3.5 (Node 24) answers a bad padding with pseudo-random bytes of a pseudo-random length instead of an error.
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, recipient.encryptedKey)
  }
  if (oid !== OID.rsaOaep) throw new Error('unknown key transport')
  return privateDecrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, ...oaepParameters(parameters) },
    recipient.encryptedKey,
  )
}

const DIGESTS: Readonly<Record<string, KdfDigest>> = {
  [OID.sha1]: 'sha1',
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

/** RSAES-OAEP-params (RFC 8017 A.2.1), every field with its default. node:crypto hashes and masks with one digest only. */
function oaepParameters(parameters: Element | null): { oaepHash: string; oaepLabel?: Buffer } {
  let hash = 'sha1'
  let mask = 'sha1'
  let label: Buffer | null = null
  if (parameters && parameters.tag !== der.TAG.null) {
    const members = new Members(parameters, der.TAG.sequence)
    const hashField = members.optional(der.contextTag(0))
    const maskField = members.optional(der.contextTag(1))
    const labelField = members.optional(der.contextTag(2))
    members.end()
    if (hashField) hash = digestOf(explicit(hashField, 0))
    if (maskField) {
      const generator = algorithmValue(explicit(maskField, 1))
      if (generator.oid !== OID.mgf1) throw new Error('unknown mask generation function')
      mask = generator.parameters ? digestOf(generator.parameters) : 'sha1'
    }
    if (labelField) {
      const source = algorithmValue(explicit(labelField, 2))
      if (source.oid !== OID.pSpecified || !source.parameters) throw new Error('unknown label source')
      label = octets(source.parameters)
    }
  }
  if (hash !== mask) throw new Error('different digests for hash and mask')
  return { oaepHash: hash, ...(label && label.length > 0 ? { oaepLabel: label } : {}) }
}

function digestOf(element: Element): KdfDigest {
  const digest = DIGESTS[algorithmValue(element).oid]
  if (!digest) throw new Error('unknown digest')
  return digest
}

const KDF: Readonly<Record<string, KdfDigest>> = {
  [OID.ecdhSha1]: 'sha1',
  [OID.ecdhSha256]: 'sha256',
  [OID.ecdhSha384]: 'sha384',
  [OID.ecdhSha512]: 'sha512',
}

const WRAP_LENGTH: Readonly<Record<string, 16 | 24 | 32>> = {
  [OID.aes128Wrap]: 16,
  [OID.aes192Wrap]: 24,
  [OID.aes256Wrap]: 32,
}

const CURVE_OID: Readonly<Record<string, string>> = {
  prime256v1: OID.p256,
  secp384r1: OID.p384,
  secp521r1: OID.p521,
}

function agreed(recipient: Recipient & { kind: 'agreement' }, privateKey: KeyObject): Buffer {
  const { agreement, point, ukm, encryptedKey } = recipient
  const kdf = KDF[agreement.oid]
  const curve = CURVE_OID[privateKey.asymmetricKeyDetails?.namedCurve ?? '']
  if (!kdf || !curve || !agreement.parameters) throw new Error('unknown key agreement')
  const wrap = algorithmValue(agreement.parameters)
  const length = WRAP_LENGTH[wrap.oid]
  if (!length) throw new Error('unknown key wrap')
  // Import refuses a point that is not on our key's curve: no invalid-curve attack on a static key.
  const publicKey = createPublicKey({
    key: der.sequence(der.sequence(der.oid(OID.ecPublicKey), der.oid(curve)), der.bitString(point)),
    format: 'der',
    type: 'spki',
  })
  const secret = diffieHellman({ privateKey, publicKey })
  return unwrapKey(keyEncryptionKey(secret, kdf, wrap.bytes, ukm, length), encryptedKey)
}
