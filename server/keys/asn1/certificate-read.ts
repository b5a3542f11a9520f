import { Fault } from '../../../shared/fault/index.ts'
import { type Element, Members, readElement } from './ber-read.ts'
import { urisOf } from './crl-read.ts'
import { contextTag, TAG } from './der.ts'
import { OID } from './oids.ts'
import {
  algorithmValue,
  bitStringOctets,
  booleanValue,
  explicit,
  octets,
  oidValue,
  smallInteger,
  timeValue,
} from './values.ts'

/** Fields of one certificate (RFC 5280 4.1) as the rest of this room needs them. */
export interface CertificateFields {
  /** Complete INTEGER encoding. */
  readonly serial: Buffer
  /** Complete Name encodings; names chain when these are equal. */
  readonly issuer: Buffer
  readonly subject: Buffer
  /** Epoch ms. */
  readonly notBefore: number
  readonly notAfter: number
  readonly signatureAlgorithm: string
  /** emailAddress attributes of the subject. */
  readonly subjectMail: readonly string[]
  /** rfc822Name and SmtpUTF8Mailbox of the subject alternative name. */
  readonly alternativeMail: readonly string[]
  readonly subjectKeyId: Buffer | null
  readonly authorityKeyId: Buffer | null
  /** null when the extension is absent. */
  readonly keyUsage: ReadonlySet<KeyUsage> | null
  readonly extKeyUsage: readonly string[] | null
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | null } | null
  /** Object identifiers of the S/MIME capabilities extension (RFC 4262), best first; empty without one. */
  readonly capabilities: readonly string[]
  /** Extension OID -> critical. */
  readonly extensions: ReadonlyMap<string, boolean>
}

export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'

const KEY_USAGES: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
]

const LARGEST_CERTIFICATE = 65_536

/** Reads a DER certificate of at most 64 KiB. Raises `certificate-unusable`. */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  if (der.length > LARGEST_CERTIFICATE) throw new Fault('certificate-unusable', 'larger than 64 KiB')
  try {
    return fieldsOf(readElement(der, { encoding: 'der', maxElements: 5_000 }))
  } catch (error) {
    throw new Fault('certificate-unusable', error instanceof Fault ? error.detail : '', { cause: error })
  }
}

function fieldsOf(certificate: Element): CertificateFields {
  const outer = new Members(certificate, TAG.sequence)
  const tbs = new Members(outer.take(), TAG.sequence)
  const { oid: signatureAlgorithm } = algorithmValue(outer.take())
  outer.take(TAG.bitString)
  outer.end()

  const version = tbs.optional(contextTag(0))
  const v3 = version !== null && smallInteger(explicit(version, 0)) === 2
  const serial = tbs.take(TAG.integer).bytes
  if (algorithmValue(tbs.take()).oid !== signatureAlgorithm) {
    throw new Fault('container-malformed', 'two signature algorithms')
  }
  const issuer = tbs.take(TAG.sequence).bytes
  const validity = new Members(tbs.take(), TAG.sequence)
  const notBefore = timeValue(validity.take())
  const notAfter = timeValue(validity.take())
  validity.end()
  const subject = tbs.take(TAG.sequence)
  tbs.take(TAG.sequence)
  tbs.optional(contextTag(1, 'primitive'))
  tbs.optional(contextTag(2, 'primitive'))
  const extensionsField = tbs.optional(contextTag(3))
  tbs.end()
  if (extensionsField && !v3) throw new Fault('container-malformed', 'extensions need version 3')

  const values = extensionsField ? extensionsOf(explicit(extensionsField, 3)) : new Map<string, Extension>()
  const value = <T>(oid: string, read: (element: Element) => T): T | null => {
    const extension = values.get(oid)
    return extension ? read(readElement(extension.value, { encoding: 'der', maxElements: 2_000 })) : null
  }
  return {
    serial,
    issuer,
    subject: subject.bytes,
    notBefore,
    notAfter,
    signatureAlgorithm,
    subjectMail: subjectMailOf(subject),
    alternativeMail: value(OID.subjectAltName, alternativeMailOf) ?? [],
    subjectKeyId: value(OID.subjectKeyIdentifier, (element) => octets(element)),
    authorityKeyId: value(OID.authorityKeyIdentifier, authorityKeyIdOf),
    keyUsage: value(OID.keyUsage, keyUsageOf),
    extKeyUsage: value(OID.extKeyUsage, (element) => new Members(element, TAG.sequence).rest().map(oidValue)),
    basicConstraints: value(OID.basicConstraints, basicConstraintsOf),
    capabilities: value(OID.smimeCapabilities, capabilitiesOf) ?? [],
    extensions: new Map([...values].map(([oid, { critical }]) => [oid, critical])),
  }
}

/** Where lists of revoked certificates are, as the certificate says: URIs of points for all reasons by its own issuer (RFC 5280 4.2.1.13). */
export function readCrlPoints(der: Uint8Array): readonly string[] {
  try {
    const [tbs] = readElement(der, { encoding: 'der', maxElements: 5_000 }).children
    const list = tbs?.children.find(({ tag }) => tag === contextTag(3))
    const found = list && extensionsOf(explicit(list, 3)).get(OID.crlDistributionPoints)
    if (!found) return []
    return readElement(found.value, { encoding: 'der', maxElements: 500 }).children.flatMap(({ children }) => {
      const [point, ...more] = children
      return point?.tag === contextTag(0) && more.length === 0 && point.children[0] ? urisOf(point.children[0]) : []
    })
  } catch {
    // It says nothing that we understand: such a certificate is no worse than one without.
    return []
  }
}

interface Extension {
  readonly critical: boolean
  readonly value: Buffer
}

function extensionsOf(list: Element): Map<string, Extension> {
  const found = new Map<string, Extension>()
  for (const element of new Members(list, TAG.sequence).rest()) {
    const members = new Members(element, TAG.sequence)
    const oid = oidValue(members.take())
    const critical = members.optional(TAG.boolean)
    const value = octets(members.take())
    members.end()
    // RFC 5280 4.2: not more than one instance. Two would let two readers see two certificates.
    if (found.has(oid)) throw new Fault('container-malformed', `extension ${oid} appears twice`)
    found.set(oid, { critical: critical !== null && booleanValue(critical), value })
  }
  return found
}

function subjectMailOf(name: Element): string[] {
  const found: string[] = []
  for (const relative of new Members(name, TAG.sequence).rest()) {
    for (const attribute of new Members(relative, TAG.set).rest()) {
      const members = new Members(attribute, TAG.sequence)
      const type = oidValue(members.take())
      const value = members.take()
      members.end()
      if (type === OID.emailAddress) found.push(...mailText(value.content, 'latin1'))
    }
  }
  return found
}

function alternativeMailOf(names: Element): string[] {
  const found: string[] = []
  for (const name of new Members(names, TAG.sequence).rest()) {
    if (name.tag === contextTag(1, 'primitive')) found.push(...mailText(name.content, 'latin1'))
    if (name.tag !== contextTag(0)) continue
    const other = new Members(name, contextTag(0))
    const type = oidValue(other.take())
    if (type !== OID.smtpUtf8Mailbox) continue
    const text = explicit(other.take(), 0)
    if (text.tag === TAG.utf8String) found.push(...mailText(text.content, 'utf8'))
  }
  return found
}

/** Nothing for a text that could read differently elsewhere: controls (NUL above all), spaces, no single `@`. */
function mailText(content: Buffer, encoding: 'latin1' | 'utf8'): string[] {
  const text = content.toString(encoding)
  const ascii = /^[!-~]+$/.test(text)
  if (encoding === 'latin1' && !ascii) return []
  return /^[^\s\p{C}@]+@[^\s\p{C}@]+$/u.test(text) && text.length <= 320 ? [text] : []
}

function authorityKeyIdOf(element: Element): Buffer | null {
  return new Members(element, TAG.sequence).optional(contextTag(0, 'primitive'))?.content ?? null
}

function keyUsageOf(element: Element): ReadonlySet<KeyUsage> {
  const [first = 0] = bitStringOctets(element)
  return new Set(KEY_USAGES.filter((_, bit) => first & (0x80 >> bit)))
}

function capabilitiesOf(element: Element): readonly string[] {
  const entries = new Members(element, TAG.sequence).rest().slice(0, 64)
  return entries.map((entry) => oidValue(new Members(entry, TAG.sequence).take()))
}

function basicConstraintsOf(element: Element): { ca: boolean; pathLength: number | null } {
  const members = new Members(element, TAG.sequence)
  const ca = members.optional(TAG.boolean)
  const pathLength = members.optional(TAG.integer)
  members.end()
  return { ca: ca !== null && booleanValue(ca), pathLength: pathLength ? smallInteger(pathLength) : null }
}
