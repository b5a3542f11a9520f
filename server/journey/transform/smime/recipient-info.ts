import { constants, createECDH, publicEncrypt, type X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { keyEncryptionKey, wrapKey } from './key-wrap.ts'
import { issuerAndSerial } from './signed-data.ts'

export type KeyTransport = 'oaep' | 'pkcs1'

const SHA256 = der.algorithm(OID.sha256)
const OAEP_SHA256 = der.algorithm(
  OID.rsaOaep,
  der.sequence(der.context(0, SHA256), der.context(1, der.algorithm(OID.mgf1, SHA256))),
)
const AES256_WRAP = der.algorithm(OID.aes256Wrap)

const CURVES = {
  prime256v1: { name: 'P-256', agreement: OID.ecdhSha256, kdf: 'sha256' },
  secp384r1: { name: 'P-384', agreement: OID.ecdhSha384, kdf: 'sha384' },
  secp521r1: { name: 'P-521', agreement: OID.ecdhSha512, kdf: 'sha512' },
} as const

/** RecipientInfo for one certificate (RFC 5652 6.2). Raises `certificate-unusable` for a key that cannot receive. */
export function recipientInfo(certificate: X509Certificate, contentKey: Buffer, transport: KeyTransport): Buffer {
  const curve = curveOf(certificate)
  return curve ? keyAgreement(certificate, contentKey, curve) : keyTransport(certificate, contentKey, transport)
}

/** `RSAES-OAEP SHA-256` and the like, for receipts. */
export function describeRecipient(certificate: X509Certificate, transport: KeyTransport): string {
  const curve = curveOf(certificate)
  if (curve) return `ECDH ${CURVES[curve].name} AES-256-wrap`
  return transport === 'oaep' ? 'RSAES-OAEP SHA-256' : 'RSAES-PKCS1-v1_5'
}

/** Whether the recipient needs KeyAgreeRecipientInfo, which makes EnvelopedData version 2 (RFC 5652 6.1). */
export function needsAgreement(certificate: X509Certificate): boolean {
  return curveOf(certificate) !== null
}

function curveOf(certificate: X509Certificate): keyof typeof CURVES | null {
  const key = certificate.publicKey
  if (key.asymmetricKeyType === 'rsa') return null
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType === 'ec' && curve !== undefined && curve in CURVES) return curve as keyof typeof CURVES
  throw new Fault('certificate-unusable', 'only RSA, P-256, P-384 and P-521 keys receive S/MIME')
}

function keyTransport(certificate: X509Certificate, contentKey: Buffer, transport: KeyTransport): Buffer {
  const key = certificate.publicKey
  const encrypted =
    transport === 'oaep'
      ? publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, contentKey)
      : publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, contentKey)
  return der.sequence(
    der.integer(0),
    issuerAndSerial(certificate),
    transport === 'oaep' ? OAEP_SHA256 : der.algorithm(OID.rsaEncryption, der.nullValue()),
    der.octetString(encrypted),
  )
}

/** KeyAgreeRecipientInfo with a fresh key pair for each recipient (RFC 5753 3.1.1): no recipient learns of another's. */
function keyAgreement(certificate: X509Certificate, contentKey: Buffer, curve: keyof typeof CURVES): Buffer {
  const { agreement, kdf } = CURVES[curve]
  const ephemeral = createECDH(curve)
  const point = ephemeral.generateKeys()
  const kek = keyEncryptionKey(ephemeral.computeSecret(pointOf(certificate)), kdf, AES256_WRAP, null, 32)
  return der.context(
    1,
    der.integer(3),
    der.context(0, der.context(1, der.algorithm(OID.ecPublicKey), der.bitString(point))),
    der.algorithm(agreement, AES256_WRAP),
    der.sequence(der.sequence(issuerAndSerial(certificate), der.octetString(wrapKey(kek, contentKey)))),
  )
}

function pointOf(certificate: X509Certificate): Buffer {
  const { x = '', y = '' } = certificate.publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}
