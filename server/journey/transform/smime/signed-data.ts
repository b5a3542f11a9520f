import { createHash, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { fieldsOf } from '../../../keys/certificate.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { pieces } from './base64.ts'
import { type SignatureScheme, schemeOf } from './signature-scheme.ts'

/** Bytes of one OCTET STRING piece in streamed containers. */
export const PIECE = 65_536

const signAsync = promisify<string | null, Uint8Array, KeyObject, Buffer>(sign)

/** IssuerAndSerialNumber (RFC 5652 10.2.4) from the encodings of the certificate itself. */
export function issuerAndSerial(certificate: X509Certificate): Buffer {
  const { issuer, serial } = fieldsOf(certificate)
  return der.sequence(issuer, serial)
}

/** What we can read ourselves, best first (RFC 8551 2.5.2). */
const CAPABILITIES = der.sequence(
  der.algorithm(OID.aes256Gcm),
  der.algorithm(OID.aes128Gcm),
  der.algorithm(OID.aes256Cbc),
  der.algorithm(OID.aes128Cbc),
)

/** A detached SignedData (RFC 5652 section 5) over content with this digest. `time` is the signing time, epoch ms. */
export async function detachedSignedData(identity: SmimeIdentity, digest: Buffer, time: number): Promise<Buffer> {
  const scheme = schemeOf(identity.privateKey)
  return der.sequence(
    der.oid(OID.signedData),
    der.context(
      0,
      der.sequence(
        der.integer(1),
        der.setOf(scheme.digestAlgorithm),
        der.sequence(der.oid(OID.data)),
        certificatesOf(identity),
        der.setOf(await signerInfo(identity, scheme, digest, time)),
      ),
    ),
  )
}

/** A SignedData that carries its content: BER of indefinite length, one pass, constant memory. */
export async function* opaqueSignedData(
  identity: SmimeIdentity,
  content: AsyncIterable<Uint8Array>,
  time: number,
): AsyncGenerator<Buffer> {
  const scheme = schemeOf(identity.privateKey)
  const hash = createHash(scheme.digest)
  yield Buffer.concat([
    der.open(der.TAG.sequence),
    der.oid(OID.signedData),
    der.open(der.contextTag(0)),
    der.open(der.TAG.sequence),
    der.integer(1),
    der.setOf(scheme.digestAlgorithm),
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
    certificatesOf(identity),
    der.setOf(await signerInfo(identity, scheme, hash.digest(), time)),
    ...[der.END, der.END, der.END],
  ])
}

/** Leaf and chain; a self-issued root is left out, the reader must know it anyway. */
function certificatesOf({ certificate, chain }: SmimeIdentity): Buffer {
  const intermediates = chain.filter((member) => {
    const { issuer, subject } = fieldsOf(member)
    return !issuer.equals(subject)
  })
  return der.implicitSetOf(0, certificate.raw, ...intermediates.map(({ raw }) => raw))
}

async function signerInfo(
  identity: SmimeIdentity,
  scheme: SignatureScheme,
  digest: Buffer,
  time: number,
): Promise<Buffer> {
  const attributes = [
    attribute(OID.contentType, der.oid(OID.data)),
    attribute(OID.messageDigest, der.octetString(digest)),
    attribute(OID.signingTime, der.time(time)),
    attribute(OID.signingCertificateV2, signingCertificate(identity.certificate)),
    attribute(OID.smimeCapabilities, CAPABILITIES),
  ]
  // RFC 5652 5.4: signed is the SET OF encoding, written is the same under [0] IMPLICIT.
  const signature = await signAsync(scheme.signDigest, der.setOf(...attributes), identity.privateKey)
  return der.sequence(
    der.integer(1),
    issuerAndSerial(identity.certificate),
    scheme.digestAlgorithm,
    der.implicitSetOf(0, ...attributes),
    scheme.signatureAlgorithm,
    der.octetString(signature),
  )
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
