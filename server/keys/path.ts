import type { X509Certificate } from 'node:crypto'
import type { FaultCode } from '../../shared/fault/index.ts'
import { completed, type Steps } from '../../shared/policy/steps.ts'
import type { RevocationLists } from '../ports/keyring.ts'
import { OID } from './asn1/oids.ts'
import { fieldsOf, fingerprint, mailIsAllowed } from './certificate.ts'

/** Longest path that is tried, leaf and anchor included. */
const LONGEST_PATH = 8
/** Signature checks one question may cost: cross-signed pools grow quickly. */
const MOST_CHECKS = 64
/** Of RSA: one as long as the modulus makes a check fifty times as slow, and nobody honest has one. */
const LARGEST_EXPONENT = 2n ** 64n

const SIGNATURES: ReadonlySet<string> = new Set([
  OID.rsaSha256,
  OID.rsaSha384,
  OID.rsaSha512,
  OID.rsaPss,
  OID.ecdsaSha256,
  OID.ecdsaSha384,
  OID.ecdsaSha512,
  OID.ed25519,
  OID.mlDsa44,
  OID.mlDsa65,
  OID.mlDsa87,
])

/** Critical extensions whose meaning is honoured below; any other one refuses the certificate (RFC 5280 4.2). */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extKeyUsage,
  OID.subjectAltName,
  // With any-policy as the initial set and no policyConstraints (refused below) policies cannot fail a path.
  OID.certificatePolicies,
])

/** Constraints a CA states and this version does not evaluate: such a CA is refused rather than believed. */
const NOT_EVALUATED = [OID.nameConstraints, OID.policyConstraints]

/**
 * Whether `certificate` chains to one of `anchors` at `at` (epoch ms): null, or why not. A certificate that is itself an
 * anchor is trusted while it is valid.
 *
 * RFC 5280 section 6.1, first strict version: signatures (SHA-256 and above), validity of every member including the
 * anchor, names chained octet by octet, basicConstraints, keyCertSign, path length, unknown critical extensions refused,
 * CAs with name or policy constraints refused, CAs whose extended key usage excludes mail refused. It errs towards
 * refusal. With `lists`, every member below the anchor is asked for (6.3): a path through a revoked one counts for nothing, and
 * where they are `required`, through one of which nothing is known neither. `KeyRecord.revokedAt` is the administrator's word.
 * Answers `certificate-expired` when the leaf is past its end, `certificate-revoked` when only revocation stands against every
 * path, else `certificate-untrusted`. All certificates come from
 * `certificateOf`; one it would refuse raises `certificate-unusable`.
 */
export function verifyPath(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  at: number,
  lists: RevocationLists | null = null,
): FaultCode | null {
  return completed(verifyingPath(certificate, intermediates, anchors, at, lists))
}

/** The same in steps, for certificates that strangers sent: 64 checks of slow keys take 60 ms and more. */
export function* verifyingPath(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  at: number,
  lists: RevocationLists | null = null,
): Steps<FaultCode | null> {
  if (at > fieldsOf(certificate).notAfter) return 'certificate-expired'
  if (!isSound(certificate, at)) return 'certificate-untrusted'
  const search: Search = {
    at,
    anchors: new Set(anchors.map(fingerprint)),
    issuers: [...anchors, ...intermediates],
    lists,
    revoked: false,
    checksLeft: MOST_CHECKS,
  }
  if (yield* reachesAnchor(search, [certificate])) return null
  return search.revoked ? 'certificate-revoked' : 'certificate-untrusted'
}

interface Search {
  readonly at: number
  readonly anchors: ReadonlySet<string>
  readonly issuers: readonly X509Certificate[]
  readonly lists: RevocationLists | null
  /** A path to an anchor went through a revoked certificate. */
  revoked: boolean
  checksLeft: number
}

/** `path` runs from the leaf upwards; every member but the last is already known to be signed by the next. */
function* reachesAnchor(search: Search, path: readonly X509Certificate[]): Steps<boolean> {
  const last = path[path.length - 1]!
  if (search.anchors.has(fingerprint(last))) return stands(search, path)
  if (path.length >= LONGEST_PATH) return false
  for (const issuer of search.issuers) {
    yield
    if (path.some((member) => member.raw.equals(issuer.raw)) || !mayIssue(issuer, path, search.at)) continue
    if (signed(search, last, issuer) && (yield* reachesAnchor(search, [...path, issuer]))) return true
  }
  return false
}

/** Whether revocation does not stand against a whole path. Asked last: lists of authorities that nobody trusts cost nothing. */
function stands(search: Search, path: readonly X509Certificate[]): boolean {
  const { lists, at } = search
  if (lists === null) return true
  const said = path.slice(0, -1).map((member, index) => lists.status(member, path[index + 1]!, at))
  if (said.includes('revoked')) search.revoked = true
  return said.every((one) => one === 'good' || (one === 'unknown' && !lists.required))
}

function mayIssue(issuer: X509Certificate, path: readonly X509Certificate[], at: number): boolean {
  const fields = fieldsOf(issuer)
  const issued = fieldsOf(path[path.length - 1]!)
  if (!fields.subject.equals(issued.issuer)) return false
  if (issued.authorityKeyId && fields.subjectKeyId && !issued.authorityKeyId.equals(fields.subjectKeyId)) return false
  if (!isSound(issuer, at) || !mailIsAllowed(fields)) return false
  if (!fields.basicConstraints?.ca) return false
  if (fields.keyUsage !== null && !fields.keyUsage.has('keyCertSign')) return false
  if (NOT_EVALUATED.some((oid) => fields.extensions.has(oid))) return false
  const { pathLength } = fields.basicConstraints
  return pathLength === null || intermediatesBelow(path) <= pathLength
}

/** RFC 5280 4.2.1.9: non-self-issued CAs between this issuer and the leaf; the leaf itself does not count. */
function intermediatesBelow(path: readonly X509Certificate[]): number {
  return path.slice(1).filter((member) => {
    const { issuer, subject } = fieldsOf(member)
    return !issuer.equals(subject)
  }).length
}

function isSound(certificate: X509Certificate, at: number): boolean {
  const { notBefore, notAfter, extensions } = fieldsOf(certificate)
  if (at < notBefore || at > notAfter) return false
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  if (asymmetricKeyType === 'rsa') {
    const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {}
    if (modulusLength < 2048 || publicExponent > LARGEST_EXPONENT) return false
  }
  return [...extensions].every(([oid, critical]) => !critical || UNDERSTOOD.has(oid))
}

function signed(search: Search, certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (!SIGNATURES.has(fieldsOf(certificate).signatureAlgorithm) || search.checksLeft-- <= 0) return false
  const pair = `${fingerprint(certificate)} ${fingerprint(issuer)}`
  const known = verified.get(pair)
  if (known !== undefined) return known
  const right = verifies(certificate, issuer)
  if (verified.size >= MOST_VERIFIED) verified.delete(verified.keys().next().value ?? '')
  verified.set(pair, right)
  return right
}

/**
 * Whether one certificate is signed with another's key never changes, and asking costs 0.1 to 0.8 ms: more than a whole
 * evaluation, twice for every recipient with a certificate. By the SHA-256 of both; the oldest answers go first.
 */
const verified = new Map<string, boolean>()
const MOST_VERIFIED = 10_000

function verifies(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    // A key of another kind than the signature: not the issuer.
    return false
  }
}
