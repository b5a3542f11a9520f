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

/** A detached SignedData (RFC 5652 section 5) over content with this digest. */
export async function detachedSignedData(identity: SmimeIdentity, digest: Buffer, signing: Signing): Promise<Buffer> {
  const { digestAlgorithm } = signing.scheme
  const signer = await signerInfo(identity, digest, signing)
  const certificates = standing(identity).certificates
  const body = der.sequence(VERSION_1, der.setOf(digestAlgorithm), DATA, certificates, der.setOf(signer))
  return der.sequence(der.oid(OID.signedData), der.context(0, body))
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
}

const identities = new WeakMap<SmimeIdentity, Standing>()

function standing(identity: SmimeIdentity): Standing {
  const known = identities.get(identity)
  if (known) return known
  const made = {
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

/** Leaf and chain; a self-issued root is left out, the reader must know it anyway. */
function certificatesOf({ certificate, chain }: SmimeIdentity): Buffer {
  const intermediates = chain.filter((member) => {
    const { issuer, subject } = fieldsOf(member)
    return !issuer.equals(subject)
  })
  return der.implicitSetOf(0, certificate.raw, ...intermediates.map(({ raw }) => raw))
}

async function signerInfo(identity: SmimeIdentity, digest: Buffer, { scheme, time }: Signing): Promise<Buffer> {
  // RFC 5652 5.4: signed is the SET OF encoding, written is the same under [0] IMPLICIT.
  const signed = der.setOf(
    ...standing(identity).attributes,
    attribute(OID.messageDigest, der.octetString(digest)),
    attribute(OID.signingTime, der.time(time)),
  )
  const { certificate, privateKey } = identity
  const signature = await signatureOf(scheme, signed, privateKey)
  counterCheck(scheme, privateKey, certificate, signed, signature)
  const written = Buffer.from(signed)
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

function signatureOf(scheme: SignatureScheme, data: Buffer, key: KeyObject): Buffer | Promise<Buffer> {
  const input = keyInput(scheme, key)
  return scheme.quick ? sign(scheme.signDigest, data, input) : signAsync(scheme.signDigest, data, input)
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
