import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TlsaRecord } from '../../ports/dns.ts'

/** How a server's certificate is proved to be the next hop's. */
export type Proof =
  /** Chain to a trusted authority, and one of the names. */
  | { readonly by: 'name' | 'mta-sts'; readonly names: readonly string[] }
  /** DANE (RFC 7672 3): any of the records; the names count for usage 2 only. */
  | { readonly by: 'dane'; readonly names: readonly string[]; readonly records: readonly TlsaRecord[] }

/** Failures as TLS-RPT names them (RFC 8460 4.3.2). */
export type CertificateFailure =
  | 'certificate-expired'
  | 'certificate-host-mismatch'
  | 'certificate-not-trusted'
  | 'validation-failure'

/** Whether the certificate of a finished handshake holds; null when it does. */
export function certificateFailure(socket: TLSSocket, proof: Proof, now: number): CertificateFailure | null {
  const leaf = socket.getPeerX509Certificate()
  if (!leaf) return 'validation-failure'
  if (proof.by === 'dane') return daneFailure(chainOf(leaf), proof.records, proof.names, now)
  const why = socket.authorizationError as Error | string | null | undefined
  if (why) {
    const code = typeof why === 'string' ? why : ((why as { code?: string }).code ?? why.message)
    return code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID'
      ? 'certificate-expired'
      : 'certificate-not-trusted'
  }
  // RFC 8461 4.1 and RFC 9525: names of hosts stand in subjectAltName; only a smart host of the operator's own may use CN.
  return proof.names.some((name) => isNamed(leaf, name, proof.by === 'name')) ? null : 'certificate-host-mismatch'
}

function isNamed(certificate: X509Certificate, name: string, commonName: boolean): boolean {
  if (isIP(name)) return certificate.checkIP(name) !== undefined
  // One level of wildcard, whole labels only (RFC 9525 6.3).
  return (
    certificate.checkHost(name, {
      subject: commonName ? 'default' : 'never',
      partialWildcards: false,
      wildcards: true,
      multiLabelWildcards: false,
    }) !== undefined
  )
}

/** The certificates that the server sent, from its own upwards as far as each issued the one before. */
function chainOf(leaf: X509Certificate): X509Certificate[] {
  const chain = [leaf]
  for (let at = leaf.issuerCertificate; at && chain.length < 16; at = at.issuerCertificate) {
    if (chain.some((other) => other.fingerprint256 === at.fingerprint256)) break
    chain.push(at)
  }
  return chain
}

/**
 * RFC 7672 3.1. Usage 3: the server's own certificate or key, whatever its names and dates say. Usage 2: a trust anchor above
 * it, the whole chain up to that one with signatures, dates and CA flags, and the server's name.
 */
export function daneFailure(
  chain: readonly X509Certificate[],
  records: readonly TlsaRecord[],
  names: readonly string[],
  now: number,
): CertificateFailure | null {
  const leaf = chain[0]
  if (!leaf) return 'validation-failure'
  if (records.some((record) => record.usage === 3 && matches(leaf, record))) return null
  const anchors = records.filter(({ usage }) => usage === 2)
  if (anchors.length === 0) return 'certificate-not-trusted'
  if (!isAnchored(chain, anchors, now))
    return chain.some((one) => isOutdated(one, now)) ? 'certificate-expired' : 'certificate-not-trusted'
  return names.some((name) => isNamed(leaf, name, false)) ? null : 'certificate-host-mismatch'
}

function isAnchored(chain: readonly X509Certificate[], anchors: readonly TlsaRecord[], now: number): boolean {
  for (const [depth, certificate] of chain.entries()) {
    if (isOutdated(certificate, now)) return false
    const issuer = chain[depth + 1]
    // An anchor that the server did not send: its certificate or key stands whole in the record (RFC 7672 3.1.2).
    if (!issuer || !vouchesFor(issuer, certificate))
      return anchors.some((record) => isIssuedByRecord(certificate, record, now))
    if (anchors.some((record) => matches(issuer, record))) return !isOutdated(issuer, now)
  }
  return false
}

function vouchesFor(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function isIssuedByRecord(
  certificate: X509Certificate,
  { selector, matchingType, data }: TlsaRecord,
  now: number,
): boolean {
  if (matchingType !== 0) return false
  try {
    if (selector === 1) {
      const key: KeyObject = createPublicKey({ key: data, format: 'der', type: 'spki' })
      return certificate.verify(key)
    }
    const issuer = new X509Certificate(data)
    return vouchesFor(issuer, certificate) && !isOutdated(issuer, now)
  } catch {
    return false
  }
}

function isOutdated(certificate: X509Certificate, now: number): boolean {
  return now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)
}

function matches(certificate: X509Certificate, { selector, matchingType, data }: TlsaRecord): boolean {
  const bytes = selector === 0 ? certificate.raw : certificate.publicKey.export({ format: 'der', type: 'spki' })
  if (matchingType === 0) return bytes.equals(data)
  return createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(bytes)
    .digest()
    .equals(data)
}

/** Records that can be used for SMTP: usages 2 and 3 (RFC 7672 3.1), known selectors and digests of the right length. */
export function usableTlsa(records: readonly TlsaRecord[]): TlsaRecord[] {
  const length = (type: number) => [null, 32, 64][type]
  return records.filter(({ usage, selector, matchingType, data }) => {
    if ((usage !== 2 && usage !== 3) || selector > 1 || matchingType > 2 || data.length === 0) return false
    return matchingType === 0 || length(matchingType) === data.length
  })
}
