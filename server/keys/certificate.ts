import { hash, X509Certificate } from 'node:crypto'
import { Fault, type FaultCode } from '../../shared/fault/index.ts'
import { domainOf } from '../../shared/words/address.ts'
import { readElement } from './asn1/ber-read.ts'
import { type CertificateFields, readCertificateFields } from './asn1/certificate-read.ts'
import { OID } from './asn1/oids.ts'

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const MOST_CERTIFICATES = 100

/**
 * Certificates of a PEM text in their order (leaf first, by convention), at most 100. Text between them is ignored.
 * Raises `certificate-unusable` when there is none or one cannot be read.
 */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(PEM) ?? []
  if (blocks.length === 0) throw new Fault('certificate-unusable', 'no PEM certificate')
  if (blocks.length > MOST_CERTIFICATES) throw new Fault('certificate-unusable', 'more than 100 certificates')
  return blocks.map((block) => certificateOf(block))
}

/** One certificate from PEM or DER; both readers, OpenSSL's and ours, must accept it. Raises `certificate-unusable`. */
export function certificateOf(data: string | Uint8Array): X509Certificate {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(data)
  } catch (cause) {
    throw new Fault('certificate-unusable', 'not a certificate', { cause })
  }
  fieldsOf(certificate)
  return certificate
}

const parsed = new WeakMap<X509Certificate, CertificateFields>()

/** Our own reading of a certificate, made once per object (0.1 ms). Raises `certificate-unusable`. */
export function fieldsOf(certificate: X509Certificate): CertificateFields {
  const known = parsed.get(certificate)
  if (known) return known
  const fields = readCertificateFields(certificate.raw)
  if (!hasPublicKey(certificate)) throw new Fault('certificate-unusable', 'unreadable public key')
  parsed.set(certificate, fields)
  return fields
}

/** node:crypto reads the key on first use and throws then: DSA with inherited parameters, points that are not on a curve. */
function hasPublicKey(certificate: X509Certificate): boolean {
  try {
    return certificate.publicKey.type === 'public'
  } catch {
    return false
  }
}

/** SHA-256 of the DER, hex in lower case: the id of a `KeyRecord`. */
export function fingerprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/**
 * SHA-256 of what the issuer signed, hex: the same for each form of a certificate that his signature holds for. Of an ECDSA
 * signature (r, s) anybody makes (r, n - s), which holds as well, and another fingerprint with it.
 */
export function issuedAs({ raw }: X509Certificate): string {
  const [tbs] = readElement(raw, { encoding: 'der', maxElements: 5_000 }).children
  return hash('sha256', tbs?.bytes ?? raw)
}

/**
 * Mail addresses the certificate vouches for: rfc822Name and SmtpUTF8Mailbox (RFC 9598) of the alternative name; the
 * emailAddress of the subject counts only when there are none (RFC 8550 section 3).
 */
export function mailAddresses(certificate: X509Certificate): readonly string[] {
  const { alternativeMail, subjectMail } = fieldsOf(certificate)
  return alternativeMail.length > 0 ? alternativeMail : subjectMail
}

/**
 * Equal mailboxes: the domain in A-label form; the local part without case, as every mail system in use treats it. What is no
 * domain equals its own text alone: `x.example/y` is not `x.example`, though a reader of URLs would say so.
 */
export function sameMailbox(a: string, b: string): boolean {
  return a === b || comparable(a) === comparable(b)
}

function comparable(address: string): string {
  const local = address.slice(0, Math.max(0, address.lastIndexOf('@')))
  return local === '' ? address : `${local.normalize('NFC').toLowerCase()}@${domainOf(address)}`
}

/** What a certificate is wanted for. */
export type Purpose = 'encrypt' | 'sign'

/**
 * Why the certificate must not be used for `address` at `at` (epoch ms), null when it may: `certificate-expired`,
 * `certificate-address-mismatch`, or `certificate-unusable` (not yet valid, key usage or extended key usage forbid it,
 * RSA below 2048 bits, a kind of key we cannot use). `address` null asks without one (the organisation's certificate).
 * Says nothing about trust: that is `verifyPath`.
 */
export function usableFor(
  certificate: X509Certificate,
  address: string | null,
  at: number,
  purpose: Purpose,
): FaultCode | null {
  const fields = fieldsOf(certificate)
  if (address !== null && !mailAddresses(certificate).some((own) => sameMailbox(own, address))) {
    return 'certificate-address-mismatch'
  }
  if (!keyFits(certificate, fields, purpose) || !mailIsAllowed(fields)) return 'certificate-unusable'
  if (at > fields.notAfter) return 'certificate-expired'
  return at < fields.notBefore ? 'certificate-unusable' : null
}

/** RFC 8550 4.4.4: an absent extended key usage allows mail. */
export function mailIsAllowed({ extKeyUsage }: CertificateFields): boolean {
  return (
    extKeyUsage === null || extKeyUsage.includes(OID.emailProtection) || extKeyUsage.includes(OID.anyExtendedKeyUsage)
  )
}

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

function keyFits(certificate: X509Certificate, { keyUsage }: CertificateFields, purpose: Purpose): boolean {
  const key = certificate.publicKey
  const details = key.asymmetricKeyDetails
  const signs = keyUsage === null || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation')
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if ((details?.modulusLength ?? 0) < 2048) return false
      return purpose === 'sign' ? signs : keyUsage === null || keyUsage.has('keyEncipherment')
    case 'ec':
      if (!CURVES.has(details?.namedCurve)) return false
      return purpose === 'sign' ? signs : keyUsage === null || keyUsage.has('keyAgreement')
    case 'ed25519':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return purpose === 'sign' && signs
    case 'rsa-pss':
      return purpose === 'sign' && signs && (details?.modulusLength ?? 0) >= 2048
    case 'x25519':
      return purpose === 'encrypt' && (keyUsage === null || keyUsage.has('keyAgreement'))
    case 'ml-kem-768':
    case 'ml-kem-1024':
      // RFC 9935 section 5: keyEncipherment, and nothing else.
      return purpose === 'encrypt' && (keyUsage === null || keyUsage.has('keyEncipherment'))
    default:
      return false
  }
}
