import { createHash, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { fieldsOf } from '../../../keys/certificate.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { pieces } from './base64.ts'
import { counterCheck } from './counter-check.ts'
import { keyInput, type SignatureScheme } from './signature-scheme.ts'

/** Bytes of one OCTET STRING piece in streamed containers. */
export const PIECE = 65_536

const signAsync = promisify<string | null, Uint8Array, ReturnType<typeof keyInput>, Buffer>(sign)

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

/** A detached SignedData (RFC 5652 section 5) over content with this digest; a promise where the thread pool signs. */
export function detachedSignedData(
  identity: SmimeIdentity,
  digest: Buffer,
  signing: Signing,
): Buffer | Promise<Buffer> {
  const signer = signerInfo(identity, digest, signing)
  const whole = (info: Buffer) => {
    const { certificates } = standing(identity)
    const body = der.sequence(VERSION_1, der.setOf(signing.scheme.digestAlgorithm), DATA, certificates, der.setOf(info))
    return der.sequence(SIGNED_DATA, der.context(0, body))
  }
  return signer instanceof Promise ? signer.then(whole) : whole(signer)
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
  yield Buffer.concat([
    ...[der.END, der.END, der.END],
    standing(identity).certificates,
    der.setOf(await signerInfo(identity, hash.digest(), signing)),
    ...[der.END, der.END, der.END],
  ])
}

/** What stands in every signature of an identity. */
interface Standing {
  readonly certificates: Buffer
  readonly attributes: readonly Buffer[]
  /** The signed attributes of the last signature: those of the next one, but for the digest, when both are of one second. */
  last: Attributes | null
}

interface Attributes {
  readonly scheme: SignatureScheme
  readonly time: Buffer
  readonly encoded: Buffer
  /** Where the digest stands. */
  readonly digestAt: number
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
    last: null,
  }
  identities.set(identity, made)
  return made
}

/** The signed attributes as they are signed, a SET OF (RFC 5652 5.4). */
function signedAttributes(identity: SmimeIdentity, digest: Buffer, { scheme, time }: Signing): Buffer {
  const one = standing(identity)
  const signingTime = der.time(time)
  let { last } = one
  if (last?.scheme !== scheme || !last.time.equals(signingTime)) {
    const messageDigest = attribute(OID.messageDigest, der.octetString(digest))
    const encoded = der.setOf(...one.attributes, messageDigest, attribute(OID.signingTime, signingTime))
    const digestAt = encoded.indexOf(messageDigest) + messageDigest.length - digest.length
    last = { scheme, time: signingTime, encoded, digestAt }
    one.last = last
  }
  const attributes = Buffer.from(last.encoded)
  attributes.set(digest, last.digestAt)
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

function signerInfo(identity: SmimeIdentity, digest: Buffer, signing: Signing): Buffer | Promise<Buffer> {
  const { scheme } = signing
  const { certificate, privateKey } = identity
  const attributes = signedAttributes(identity, digest, signing)
  const whole = (signature: Buffer) => {
    counterCheck(scheme, privateKey, certificate, attributes, signature)
    // RFC 5652 5.4: signed is the SET OF encoding, written is the same under [0] IMPLICIT.
    attributes[0] = der.contextTag(0)
    return der.sequence(
      VERSION_1,
      issuerAndSerial(certificate),
      scheme.digestAlgorithm,
      attributes,
      scheme.signatureAlgorithm,
      der.octetString(signature),
    )
  }
  const signature = signatureOf(scheme, attributes, privateKey)
  return signature instanceof Promise ? signature.then(whole) : whole(signature)
}

function signatureOf(scheme: SignatureScheme, data: Buffer, key: KeyObject): Buffer | Promise<Buffer> {
  const input = keyInput(scheme, key)
  return scheme.takes === 'microseconds'
    ? sign(scheme.signDigest, data, input)
    : signAsync(scheme.signDigest, data, input)
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
