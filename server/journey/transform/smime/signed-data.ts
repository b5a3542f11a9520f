import { createHash, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { fieldsOf } from '../../../keys/certificate.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { pieces } from './base64.ts'
import { counterCheck } from './counter-check.ts'
import { keyInput, type SignatureScheme } from './signature-scheme.ts'

/** Bytes of one OCTET STRING piece in streamed containers. */
export const PIECE = 65_536

/** On the thread pool; what `use` makes of the signature comes in the same turn, without a promise of its own. */
const signAsync = <Used>(
  digest: SignatureScheme['signDigest'],
  data: Buffer,
  key: KeyObject,
  use: (signature: Buffer) => Used,
): Promise<Used> =>
  new Promise((resolve, reject) => {
    sign(digest, data, key, (error, signature) => {
      if (error) return reject(error)
      try {
        resolve(use(signature))
      } catch (fault) {
        reject(fault)
      }
    })
  })

const issuersAndSerials = new WeakMap<X509Certificate, Buffer>()

/** IssuerAndSerialNumber (RFC 5652 10.2.4) from the encodings of the certificate itself. */
export function issuerAndSerial(certificate: X509Certificate): Buffer {
  const known = issuersAndSerials.get(certificate)
  if (known) return known
  const { issuer, serial } = fieldsOf(certificate)
  const made = der.sequence(issuer, serial)
  issuersAndSerials.set(certificate, made)
  return made
}

/** What we can read ourselves, best first (RFC 8551 2.5.2). */
const CAPABILITIES = der.sequence(
  der.algorithm(OID.aes256Gcm),
  der.algorithm(OID.aes128Gcm),
  der.algorithm(OID.aes256Cbc),
  der.algorithm(OID.aes128Cbc),
)

/** How and when one signature is made. */
export interface Signing {
  readonly scheme: SignatureScheme
  /** Signing time, epoch ms. */
  readonly time: number
}

const VERSION_1 = der.integer(1)
const DATA = der.sequence(der.oid(OID.data))
const SIGNED_DATA = der.oid(OID.signedData)

/** A detached SignedData (RFC 5652 section 5) with these signed attributes. */
export function detachedSignedData(
  identity: SmimeIdentity,
  scheme: SignatureScheme,
  attributes: Buffer,
  signature: Buffer,
): Buffer {
  const { certificates } = standing(identity)
  const info = signerInfo(identity, scheme, attributes, signature)
  const body = der.sequence(VERSION_1, der.setOf(scheme.digestAlgorithm), DATA, certificates, der.setOf(info))
  return der.sequence(SIGNED_DATA, der.context(0, body))
}

/** A SignedData that carries its content: BER of indefinite length, one pass, constant memory. */
export async function* opaqueSignedData(
  identity: SmimeIdentity,
  content: AsyncIterable<Uint8Array>,
  signing: Signing,
): AsyncGenerator<Buffer> {
  const { digest, digestAlgorithm } = signing.scheme
  const hash = createHash(digest)
  yield Buffer.concat([
    der.open(der.TAG.sequence),
    der.oid(OID.signedData),
    der.open(der.contextTag(0)),
    der.open(der.TAG.sequence),
    VERSION_1,
    der.setOf(digestAlgorithm),
    der.open(der.TAG.sequence),
    der.oid(OID.data),
    der.open(der.contextTag(0)),
    der.open(der.TAG.octetString | 0x20),
  ])
  for await (const piece of pieces(content, PIECE)) {
    hash.update(piece)
    yield der.header(der.TAG.octetString, piece.length)
    yield piece
  }
  const attributes = filled(attributesOf(identity, signing), hash.digest())
  const signature = await signatureOver(identity, signing.scheme, attributes, (made) => made)
  yield Buffer.concat([
    ...[der.END, der.END, der.END],
    standing(identity).certificates,
    der.setOf(signerInfo(identity, signing.scheme, attributes, signature)),
    ...[der.END, der.END, der.END],
  ])
}

/** What stands in every signature of an identity. */
interface Standing {
  readonly certificates: Buffer
  readonly attributes: readonly Buffer[]
}

const identities = new WeakMap<SmimeIdentity, Standing>()

function standing(identity: SmimeIdentity): Standing {
  const known = identities.get(identity)
  if (known) return known
  const made: Standing = {
    certificates: certificatesOf(identity),
    attributes: [
      attribute(OID.contentType, der.oid(OID.data)),
      attribute(OID.signingCertificateV2, signingCertificate(identity.certificate)),
      attribute(OID.smimeCapabilities, CAPABILITIES),
    ],
  }
  identities.set(identity, made)
  return made
}

/** The signed attributes as they are signed, a SET OF (RFC 5652 5.4), with a blank of zeros for the digest. */
export interface Attributes {
  readonly encoded: Buffer
  /** Where the digest stands. */
  readonly digestAt: number
}

const DIGEST_SIZE = { sha256: 32, sha384: 48, sha512: 64 } as const

export function attributesOf(identity: SmimeIdentity, { scheme, time }: Signing): Attributes {
  const size = DIGEST_SIZE[scheme.digest]
  const messageDigest = attribute(OID.messageDigest, der.octetString(Buffer.alloc(size)))
  const signingTime = attribute(OID.signingTime, der.time(time))
  const encoded = der.setOf(...standing(identity).attributes, messageDigest, signingTime)
  return { encoded, digestAt: encoded.indexOf(messageDigest) + messageDigest.length - size }
}

/** The attributes for content with this digest. */
export function filled({ encoded, digestAt }: Attributes, digest: Buffer): Buffer {
  const attributes = Buffer.from(encoded)
  attributes.set(digest, digestAt)
  return attributes
}

/** Leaf and chain; a self-issued root is left out, the reader must know it anyway. */
function certificatesOf({ certificate, chain }: SmimeIdentity): Buffer {
  const intermediates = chain.filter((member) => {
    const { issuer, subject } = fieldsOf(member)
    return !issuer.equals(subject)
  })
  return der.implicitSetOf(0, certificate.raw, ...intermediates.map(({ raw }) => raw))
}

function signerInfo(
  { certificate }: SmimeIdentity,
  scheme: SignatureScheme,
  attributes: Buffer,
  signature: Buffer,
): Buffer {
  // RFC 5652 5.4: signed is the SET OF encoding, written is the same under [0] IMPLICIT.
  const written = Buffer.from(attributes)
  written[0] = der.contextTag(0)
  return der.sequence(
    VERSION_1,
    issuerAndSerial(certificate),
    scheme.digestAlgorithm,
    written,
    scheme.signatureAlgorithm,
    der.octetString(signature),
  )
}

/**
 * What `use` makes of the signature over the attributes once it is counter-checked; a promise where the thread pool signs.
 * Raises `key-unusable`, see `counterCheck`.
 */
export function signatureOver<Used>(
  { certificate, privateKey }: SmimeIdentity,
  scheme: SignatureScheme,
  attributes: Buffer,
  use: (signature: Buffer) => Used,
): Used | Promise<Used> {
  const input = keyInput(scheme, privateKey)
  const checked = (signature: Buffer) => {
    counterCheck(scheme, privateKey, certificate, attributes, signature)
    return use(signature)
  }
  return scheme.takes === 'microseconds'
    ? checked(sign(scheme.signDigest, attributes, input))
    : signAsync(scheme.signDigest, attributes, input, checked)
}

function attribute(oid: string, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), der.setOf(value))
}

/** SigningCertificateV2 (RFC 5035 section 3) with the default SHA-256: binds the signature to this very certificate. */
function signingCertificate(certificate: X509Certificate): Buffer {
  const { issuer, serial } = fieldsOf(certificate)
  const hash = createHash('sha256').update(certificate.raw).digest()
  const generalNames = der.sequence(der.context(4, issuer))
  return der.sequence(der.sequence(der.sequence(der.octetString(hash), der.sequence(generalNames, serial))))
}
