import { constants, hash, type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../../shared/fault/index.ts'
import { completed, type Steps } from '../../shared/policy/steps.ts'
import type { Revocation, RevocationLists } from '../ports/keyring.ts'
import { inTurns } from '../threads/turn.ts'
import { readCrlPoints } from './asn1/certificate-read.ts'
import { type CrlFields, crlInSteps, readCrl } from './asn1/crl-read.ts'
import { OID } from './asn1/oids.ts'
import { algorithmValue, explicit } from './asn1/values.ts'
import { fieldsOf, fingerprint } from './certificate.ts'

const BEGIN = '-----BEGIN X509 CRL-----'
const END = '-----END X509 CRL-----'
/** Characters of PEM that are decoded in one step. */
const PIECE = 65_536
/** PEM of the largest list that is read. */
const LARGEST_TEXT = 12 * 1024 * 1024

/** The one list of a PEM text or of DER. Raises `crl-unusable`. */
export function crlOf(data: string | Uint8Array): CrlFields {
  return readCrl(derOf(data))
}

/** As `crlOf`; others have their turn in between. */
export async function crlInTurns(data: string | Uint8Array): Promise<CrlFields> {
  return inTurns(
    (function* () {
      return yield* crlInSteps(yield* derInSteps(data))
    })(),
  )
}

/** DER of a list that is PEM or DER. Raises `crl-unusable`. */
export function derOf(data: string | Uint8Array): Buffer {
  return completed(derInSteps(data))
}

/** The same in steps. */
export function* derInSteps(data: string | Uint8Array): Steps<Buffer> {
  if (data.length > LARGEST_TEXT) throw new Fault('crl-unusable', 'larger than 8 MiB')
  const text = typeof data === 'string' ? data : data[0] === 0x30 ? null : Buffer.from(data).toString('latin1')
  if (text === null) return Buffer.from(data)
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END, begin)
  if (begin < 0 || end < 0) throw notAList()
  const pieces: Buffer[] = []
  let left = ''
  for (let at = begin + BEGIN.length; at < end; at += PIECE) {
    yield
    const next = left + text.slice(at, Math.min(at + PIECE, end)).replace(/\s+/g, '')
    // What fills the last group up stands at the end.
    if (left.includes('=') || !/^[A-Za-z0-9+/]*={0,2}$/.test(next)) throw notAList()
    const groups = next.includes('=') ? next.length : next.length - (next.length % 4)
    pieces.push(Buffer.from(next.slice(0, groups), 'base64'))
    left = next.includes('=') ? '=' : next.slice(groups)
  }
  if (left !== '=') pieces.push(Buffer.from(left, 'base64'))
  return Buffer.concat(pieces)
}

const notAList = () => new Fault('crl-unusable', 'neither DER nor PEM of a revocation list')

/** Name under which a list is kept: a newer one of the same authority, key and scope takes its place. */
export function crlName({ issuer, authorityKeyId, scope }: CrlFields): string {
  const parts = [issuer.toString('hex'), authorityKeyId?.toString('hex') ?? '', JSON.stringify(scope)]
  return hash('sha256', `revocation list\0${parts.join('\0')}`)
}

/**
 * Whether `issuer` signed the list and may (RFC 5280 6.3.3 f, g): its own name, its key identifier, cRLSign where key usage is
 * there, a digest of SHA-256 or above. Whether `issuer` is trusted is the caller's question.
 */
export function isSignedBy(list: CrlFields, issuer: X509Certificate): boolean {
  return known(list, issuer) ?? learned(list, issuer, isNamed(list, issuer) && holds(list, issuer.publicKey))
}

/** The same on the thread pool, after which `isSignedBy` knows it: a signature over megabytes takes tens of ms. */
export async function findSignedBy(list: CrlFields, issuer: X509Certificate): Promise<boolean> {
  const answer = known(list, issuer)
  if (answer !== undefined) return answer
  if (!isNamed(list, issuer)) return learned(list, issuer, false)
  return learned(list, issuer, await holdsOnPool(list, issuer.publicKey))
}

const known = (list: CrlFields, issuer: X509Certificate) => answers.get(list)?.get(fingerprint(issuer))

function learned(list: CrlFields, issuer: X509Certificate, right: boolean): boolean {
  const of = answers.get(list) ?? new Map<string, boolean>()
  if (of.size < MOST_ANSWERS) answers.set(list, of.set(fingerprint(issuer), right))
  return right
}

function isNamed(list: CrlFields, issuer: X509Certificate): boolean {
  const { subject, subjectKeyId, keyUsage } = fieldsOf(issuer)
  return (
    list.issuer.equals(subject) &&
    !(list.authorityKeyId && subjectKeyId && !list.authorityKeyId.equals(subjectKeyId)) &&
    (keyUsage === null || keyUsage.has('cRLSign'))
  )
}

/** A signature over megabytes is asked once for each issuer. */
const answers = new WeakMap<CrlFields, Map<string, boolean>>()
const MOST_ANSWERS = 100

const DIGESTS: Readonly<Record<string, readonly ['rsa' | 'ec', string]>> = {
  [OID.rsaSha256]: ['rsa', 'sha256'],
  [OID.rsaSha384]: ['rsa', 'sha384'],
  [OID.rsaSha512]: ['rsa', 'sha512'],
  [OID.ecdsaSha256]: ['ec', 'sha256'],
  [OID.ecdsaSha384]: ['ec', 'sha384'],
  [OID.ecdsaSha512]: ['ec', 'sha512'],
}
const WHOLE: Readonly<Record<string, string>> = {
  [OID.ed25519]: 'ed25519',
  [OID.mlDsa44]: 'ml-dsa-44',
  [OID.mlDsa65]: 'ml-dsa-65',
  [OID.mlDsa87]: 'ml-dsa-87',
}
const PSS_DIGESTS: Readonly<Record<string, string>> = {
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

/** How the signature of a list is checked with a key; null where it cannot hold. */
function checkOf({ algorithm: { oid, parameters } }: CrlFields, key: KeyObject) {
  const type = key.asymmetricKeyType
  const [kind, digest] = DIGESTS[oid] ?? []
  if (digest !== undefined) return kind === type ? { digest, key: { key } } : null
  if (WHOLE[oid] !== undefined) return WHOLE[oid] === type ? { digest: null, key: { key } } : null
  if (oid !== OID.rsaPss || (type !== 'rsa' && type !== 'rsa-pss') || !parameters?.children[0]) return null
  const pss = PSS_DIGESTS[algorithmValue(explicit(parameters.children[0], 0)).oid]
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
  return pss === undefined ? null : { digest: pss, key: { key, ...padding } }
}

function holds(list: CrlFields, key: KeyObject): boolean {
  try {
    const check = checkOf(list, key)
    return check !== null && verify(check.digest, list.tbs, check.key, list.signature)
  } catch {
    return false
  }
}

const verifyOnPool = promisify<string | null, Buffer, { readonly key: KeyObject }, Buffer, boolean>(verify)

async function holdsOnPool(list: CrlFields, key: KeyObject): Promise<boolean> {
  try {
    const check = checkOf(list, key)
    return check !== null && (await verifyOnPool(check.digest, list.tbs, check.key, list.signature))
  } catch {
    return false
  }
}

/**
 * What the lists of an authority say of the certificates that it issued. A certificate that a list names is revoked from the time it
 * says, however old the list is: a revocation is final, only one on hold ends with the list. That it is not named counts while
 * the list is in time and speaks of such certificates; else nothing is known of it.
 */
export function revocationLists(lists: readonly CrlFields[], required: boolean): RevocationLists {
  const byIssuer = new Map<string, CrlFields[]>()
  for (const list of lists) {
    const name = list.issuer.toString('latin1')
    byIssuer.set(name, [...(byIssuer.get(name) ?? []), list])
  }
  return {
    required,
    status(certificate, issuer, at) {
      const { issuer: name, serial } = fieldsOf(certificate)
      const own = byIssuer.get(name.toString('latin1'))?.filter((list) => isSignedBy(list, issuer)) ?? []
      const said = own.map((list) => saidOf(list, certificate, serialOf(serial), at))
      return said.find((one) => one === 'revoked') ?? said.find((one) => one === 'good') ?? 'unknown'
    },
  }
}

/** Contents octets of the complete INTEGER, which is shorter than 128 octets or no serial number. */
const serialOf = (integer: Buffer) => integer.subarray(2).toString('latin1')

function saidOf(list: CrlFields, certificate: X509Certificate, serial: string, at: number): Revocation {
  const { thisUpdate, nextUpdate, revoked, onHold, scope } = list
  const inTime = at <= nextUpdate
  const since = revoked.get(serial)
  if (since !== undefined && since <= at && (inTime || !onHold.has(serial))) return 'revoked'
  const { notAfter, basicConstraints } = fieldsOf(certificate)
  const speaksOfIt = basicConstraints?.ca ? scope.authorities : scope.users
  // What has expired may be left out of later lists.
  const complete =
    scope.allReasons && thisUpdate <= notAfter && (scope.points === null || isOfPoint(scope.points, certificate))
  return inTime && speaksOfIt && complete ? 'good' : 'unknown'
}

function isOfPoint(points: readonly string[], certificate: X509Certificate): boolean {
  const own = readCrlPoints(certificate.raw)
  return points.some((point) => own.includes(point))
}
