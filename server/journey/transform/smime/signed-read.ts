import type { X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { completed, type Steps } from '../../../../shared/policy/steps.ts'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import type { Cursor } from '../../../keys/asn1/cursor.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import {
  type AlgorithmIdentifier,
  algorithmValue,
  octets,
  oidValue,
  smallInteger,
  timeValue,
} from '../../../keys/asn1/values.ts'
import { certificateOf } from '../../../keys/certificate.ts'
import { asSet } from './enveloped-read.ts'
import { identifies } from './identifier.ts'
import { type ContainerHead, LongContainer } from './long-container.ts'

/** What stands in front of the content of a SignedData (RFC 5652 section 5). */
export interface SignedHead {
  readonly contentType: string
  /** Object identifiers of the digests that are announced; a signer with another one is not verified. */
  readonly digests: readonly string[]
  readonly detached: boolean
}

/** What stands behind it: read but not believed. */
export interface SignedTail {
  readonly certificates: readonly X509Certificate[]
  readonly signers: readonly SignerInfo[]
}

/** A whole SignedData. */
export interface Signed extends SignedHead, SignedTail {
  /** Pieces of the content of opaque signed-data, null when it is detached. */
  readonly content: readonly Buffer[] | null
}

export interface SignerInfo {
  names(certificate: X509Certificate): boolean
  readonly digest: string
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Buffer
  readonly attributes: SignedAttributes | null
}

export interface SignedAttributes {
  /** What the signature is computed over. */
  readonly bytes: Buffer
  readonly contentType: string
  readonly messageDigest: Buffer
  readonly signedAt: number | null
  /** SHA-256 of the certificate the signer meant, or null when not said in that form. */
  readonly certificateHash: Buffer | null
  /** Object identifiers of the S/MIME capabilities, best first. */
  readonly capabilities: readonly string[]
}

const MOST_SIGNERS = 16
const MOST_CERTIFICATES = 64
const MOST_CAPABILITIES = 64

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** Reads the structure of a whole SignedData in memory. Raises `container-malformed`. */
export function readSigned(element: Element): Signed {
  return completed(readingSigned(element))
}

/** The same in steps. */
export function* readingSigned({ bytes }: Element): Steps<Signed> {
  const container = new LongContainer(readSignedHead)
  const content = [...container.push(bytes)]
  const { pieces, cursor } = container.finish()
  content.push(...pieces)
  const head = container.head!
  return { ...head, ...(yield* readingSignedTail(cursor, head)), content: head.detached ? null : content }
}

/** Reads what stands in front of the content. Raises `container-malformed`. */
export function readSignedHead(cursor: Cursor): ContainerHead<SignedHead> {
  cursor.enter(TAG.sequence)
  const type = oidValue(cursor.take())
  if (type !== OID.signedData) throw malformed(`content type ${type} is not signed data`)
  cursor.enter(contextTag(0))
  cursor.enter(TAG.sequence)
  smallInteger(cursor.take())
  const digests = new Members(cursor.take(), TAG.set).rest().map((element) => algorithmValue(element).oid)
  if (digests.length > MOST_SIGNERS) throw malformed('too many digests')
  cursor.enter(TAG.sequence)
  const contentType = oidValue(cursor.take())
  const detached = cursor.ended()
  if (!detached) cursor.enter(contextTag(0))
  return { value: { contentType, digests, detached }, octets: detached ? null : TAG.octetString }
}

/** Reads what stands behind the content, to the end of the input, in steps: 64 certificates take 15 ms. Raises `container-malformed`. */
export function* readingSignedTail(cursor: Cursor, { detached }: SignedHead): Steps<SignedTail> {
  if (!detached) cursor.leave()
  cursor.leave()
  const certificates = cursor.optional(contextTag(0))?.children ?? []
  cursor.optional(contextTag(1))
  const signers = new Members(cursor.take(), TAG.set).rest()
  cursor.leave()
  cursor.leave()
  cursor.leave()
  if (!cursor.ended()) throw malformed('bytes after the value')
  if (signers.length > MOST_SIGNERS) throw malformed('too many signers')
  if (certificates.length > MOST_CERTIFICATES) throw malformed('too many certificates')
  const read: X509Certificate[] = []
  for (const element of certificates) {
    yield
    read.push(...certificateIn(element))
  }
  return { certificates: read, signers: signers.map(signerOf) }
}

/** One we cannot read is passed over: it is not trusted for anything, and the signer's may be another one. */
function certificateIn(element: Element): readonly X509Certificate[] {
  if (element.tag !== TAG.sequence) return []
  try {
    return [certificateOf(element.bytes)]
  } catch {
    return []
  }
}

function signerOf(element: Element): SignerInfo {
  const members = new Members(element, TAG.sequence)
  smallInteger(members.take())
  const names = identifies(members.take(), contextTag(0, 'primitive'))
  const digest = algorithmValue(members.take()).oid
  const attributes = members.optional(contextTag(0))
  const algorithm = algorithmValue(members.take())
  const signature = octets(members.take())
  members.optional(contextTag(1))
  members.end()
  return { names, digest, algorithm, signature, attributes: attributes ? attributesOf(attributes) : null }
}

/** RFC 5652 section 11: contentType and messageDigest exactly once with one value; no attribute twice. */
function attributesOf(element: Element): SignedAttributes {
  const values = new Map<string, Element>()
  for (const attribute of element.children) {
    const members = new Members(attribute, TAG.sequence)
    const type = oidValue(members.take())
    const [value, ...more] = new Members(members.take(), TAG.set).rest()
    members.end()
    if (values.has(type)) throw malformed(`attribute ${type} appears twice`)
    if (value && more.length === 0) values.set(type, value)
  }
  const contentType = values.get(OID.contentType)
  const messageDigest = values.get(OID.messageDigest)
  if (!contentType || !messageDigest) throw malformed('content type or message digest is missing')
  const signingTime = values.get(OID.signingTime)
  const signingCertificate = values.get(OID.signingCertificateV2)
  const capabilities = values.get(OID.smimeCapabilities)
  return {
    bytes: asSet(element),
    contentType: oidValue(contentType),
    messageDigest: octets(messageDigest),
    signedAt: signingTime ? timeValue(signingTime) : null,
    certificateHash: signingCertificate ? certificateHashOf(signingCertificate) : null,
    capabilities: capabilities ? capabilitiesOf(capabilities) : [],
  }
}

/** SMIMECapabilities (RFC 8551 2.5.2), at most the first 64. */
function capabilitiesOf(value: Element): readonly string[] {
  const entries = new Members(value, TAG.sequence).rest().slice(0, MOST_CAPABILITIES)
  return entries.map((entry) => oidValue(new Members(entry, TAG.sequence).take()))
}

/** certHash of the first ESSCertIDv2 (RFC 5035 section 4) when its digest is the default, SHA-256. */
function certificateHashOf(value: Element): Buffer | null {
  const first = new Members(new Members(value, TAG.sequence).take(TAG.sequence), TAG.sequence).take()
  const members = new Members(first, TAG.sequence)
  const digest = members.optional(TAG.sequence)
  if (digest && algorithmValue(digest).oid !== OID.sha256) return null
  return octets(members.take())
}
