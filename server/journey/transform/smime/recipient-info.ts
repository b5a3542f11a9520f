import {
  createECDH,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  type X509Certificate,
} from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { hkdfEncryptionKey, type KeyLength, kemEncryptionKey, keyEncryptionKey, wrapKey } from './key-wrap.ts'
import { carrying, OAEP_SHA256, PKCS1 } from './rsa-key.ts'
import { issuerAndSerial } from './signed-data.ts'

export type KeyTransport = 'oaep' | 'pkcs1'

const SHA256 = der.algorithm(OID.sha256)
const OAEP_PARAMETERS = der.sequence(der.context(0, SHA256), der.context(1, der.algorithm(OID.mgf1, SHA256)))
const TRANSPORTS = {
  oaep: { algorithm: der.algorithm(OID.rsaOaep, OAEP_PARAMETERS), options: OAEP_SHA256 },
  pkcs1: { algorithm: der.algorithm(OID.rsaEncryption, der.nullValue()), options: PKCS1 },
} as const
const VERSION_0 = der.integer(0)
const AES256_WRAP = der.algorithm(OID.aes256Wrap)
const AES128_WRAP = der.algorithm(OID.aes128Wrap)
const EC_KEY = der.algorithm(OID.ecPublicKey)
const X25519_KEY = der.algorithm(OID.x25519)
const HKDF_SHA256 = der.algorithm(OID.hkdfSha256)

const CURVES = {
  prime256v1: { name: 'P-256', agreement: der.algorithm(OID.ecdhSha256, AES256_WRAP), kdf: 'sha256' },
  secp384r1: { name: 'P-384', agreement: der.algorithm(OID.ecdhSha384, AES256_WRAP), kdf: 'sha384' },
  secp521r1: { name: 'P-521', agreement: der.algorithm(OID.ecdhSha512, AES256_WRAP), kdf: 'sha512' },
} as const
const X25519_AGREEMENT = der.algorithm(OID.x25519HkdfSha256, AES256_WRAP)

interface Kem {
  readonly name: string
  readonly algorithm: Buffer
  readonly wrap: Buffer
  readonly length: KeyLength
}

/** RFC 9936 2.1: AES-128 key wrap with ML-KEM-512, AES-256 with the others. */
const KEMS: Readonly<Record<string, Kem>> = {
  'ml-kem-512': { name: 'ML-KEM-512', algorithm: der.algorithm(OID.mlKem512), wrap: AES128_WRAP, length: 16 },
  'ml-kem-768': { name: 'ML-KEM-768', algorithm: der.algorithm(OID.mlKem768), wrap: AES256_WRAP, length: 32 },
  'ml-kem-1024': { name: 'ML-KEM-1024', algorithm: der.algorithm(OID.mlKem1024), wrap: AES256_WRAP, length: 32 },
}

type Kind =
  | { readonly kind: 'rsa' }
  | { readonly kind: 'ec'; readonly curve: keyof typeof CURVES }
  | { readonly kind: 'x25519' }
  | { readonly kind: 'kem'; readonly kem: Kem }

const kinds = new WeakMap<X509Certificate, Kind>()

/** How a certificate receives. Raises `certificate-unusable` for a key that cannot. */
function kindOf(certificate: X509Certificate): Kind {
  const known = kinds.get(certificate)
  if (known) return known
  const made = kindOfKey(certificate.publicKey)
  if (!made) throw new Fault('certificate-unusable', 'a key of this kind does not receive S/MIME')
  kinds.set(certificate, made)
  return made
}

function kindOfKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Kind | null {
  const type: string = asymmetricKeyType ?? ''
  if (type === 'rsa' || type === 'x25519') return { kind: type }
  const kem = KEMS[type]
  if (kem) return { kind: 'kem', kem }
  const curve = asymmetricKeyDetails?.namedCurve
  return type === 'ec' && curve !== undefined && curve in CURVES
    ? { kind: 'ec', curve: curve as keyof typeof CURVES }
    : null
}

/** RecipientInfo for one certificate (RFC 5652 6.2). Raises `certificate-unusable` for a key that cannot receive. */
export function recipientInfo(certificate: X509Certificate, contentKey: Buffer, transport: KeyTransport): Buffer {
  const kind = kindOf(certificate)
  switch (kind.kind) {
    case 'rsa':
      return keyTransport(certificate, contentKey, transport)
    case 'ec':
      return ellipticCurve(certificate, contentKey, kind.curve)
    case 'x25519':
      return montgomeryCurve(certificate, contentKey)
    case 'kem':
      return encapsulation(certificate, contentKey, kind.kem)
  }
}

/** `RSAES-OAEP SHA-256` and the like, for receipts. */
export function describeRecipient(certificate: X509Certificate, transport: KeyTransport): string {
  const kind = kindOf(certificate)
  switch (kind.kind) {
    case 'rsa':
      return transport === 'oaep' ? 'RSAES-OAEP SHA-256' : 'RSAES-PKCS1-v1_5'
    case 'ec':
      return `ECDH ${CURVES[kind.curve].name} AES-256-wrap`
    case 'x25519':
      return 'X25519 HKDF-SHA-256 AES-256-wrap'
    case 'kem':
      return `${kind.kem.name} HKDF-SHA-256 AES-${kind.kem.length * 8}-wrap`
  }
}

/** Version of an EnvelopedData to these recipients (RFC 5652 6.1): 3 with an OtherRecipientInfo, 2 with key agreement, else 0. */
export function envelopedVersion(certificates: readonly X509Certificate[]): 0 | 2 | 3 {
  const found = certificates.map((certificate) => kindOf(certificate).kind)
  if (found.includes('kem')) return 3
  return found.every((kind) => kind === 'rsa') ? 0 : 2
}

function keyTransport(certificate: X509Certificate, contentKey: Buffer, transport: KeyTransport): Buffer {
  const way = TRANSPORTS[transport]
  const encrypted = publicEncrypt(carrying(certificate.publicKey, way.options), contentKey)
  return der.sequence(VERSION_0, issuerAndSerial(certificate), way.algorithm, der.octetString(encrypted))
}

/** KeyAgreeRecipientInfo with a fresh key pair for each recipient (RFC 5753 3.1.1): no recipient learns of another's. */
function ellipticCurve(certificate: X509Certificate, contentKey: Buffer, curve: keyof typeof CURVES): Buffer {
  const { agreement, kdf } = CURVES[curve]
  const ephemeral = createECDH(curve)
  const point = ephemeral.generateKeys()
  const kek = keyEncryptionKey(ephemeral.computeSecret(pointOf(certificate)), kdf, AES256_WRAP, null, 32)
  return agreementInfo(certificate, EC_KEY, point, agreement, wrapKey(kek, contentKey))
}

/** The same over Curve25519 (RFC 8418), with HKDF. */
function montgomeryCurve(certificate: X509Certificate, contentKey: Buffer): Buffer {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const secret = diffieHellman({ privateKey, publicKey: certificate.publicKey })
  const kek = hkdfEncryptionKey(secret, 'sha256', AES256_WRAP, null, 32)
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  return agreementInfo(certificate, X25519_KEY, point, X25519_AGREEMENT, wrapKey(kek, contentKey))
}

function agreementInfo(
  certificate: X509Certificate,
  keyAlgorithm: Buffer,
  point: Buffer,
  agreement: Buffer,
  wrapped: Buffer,
): Buffer {
  return der.context(
    1,
    der.integer(3),
    der.context(0, der.context(1, keyAlgorithm, der.bitString(point))),
    agreement,
    der.sequence(der.sequence(issuerAndSerial(certificate), der.octetString(wrapped))),
  )
}

/** KEMRecipientInfo (RFC 9629 section 3, RFC 9936 2.1) in an OtherRecipientInfo. */
function encapsulation(certificate: X509Certificate, contentKey: Buffer, { algorithm, wrap, length }: Kem): Buffer {
  const { sharedKey, ciphertext } = encapsulate(certificate.publicKey)
  const kek = kemEncryptionKey(sharedKey, 'sha256', wrap, null, length)
  const info = der.sequence(
    der.integer(0),
    issuerAndSerial(certificate),
    algorithm,
    der.octetString(ciphertext),
    HKDF_SHA256,
    der.integer(length),
    wrap,
    der.octetString(wrapKey(kek, contentKey)),
  )
  return der.context(4, der.oid(OID.kemRecipient), info)
}

const points = new WeakMap<X509Certificate, Buffer>()

function pointOf(certificate: X509Certificate): Buffer {
  const known = points.get(certificate)
  if (known) return known
  const { x = '', y = '' } = certificate.publicKey.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  points.set(certificate, point)
  return point
}
