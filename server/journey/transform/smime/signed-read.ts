import type { X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import {
  type AlgorithmIdentifier,
  algorithmValue,
  explicit,
  octetPieces,
  octets,
  oidValue,
  smallInteger,
  timeValue,
} from '../../../keys/asn1/values.ts'
import { certificateOf, fieldsOf } from '../../../keys/certificate.ts'
import { asSet } from './enveloped-read.ts'

/** A SignedData (RFC 5652 section 5), read but not believed. */
export interface Signed {
  readonly contentType: string
  /** Pieces of the content of opaque signed-data, null when it is detached. */
  readonly content: readonly Buffer[] | null
  readonly certificates: readonly X509Certificate[]
  readonly signers: readonly SignerInfo[]
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
}

const MOST_SIGNERS = 16
const MOST_CERTIFICATES = 64

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** Reads the structure. Raises `container-malformed`. */
export function readSigned(contentInfo: Element): Signed {
  const info = new Members(contentInfo, TAG.sequence)
  const type = oidValue(info.take())
  if (type !== OID.signedData) throw malformed(`content type ${type} is not signed data`)
  const body = new Members(explicit(info.take(), 0), TAG.sequence)
  info.end()

  smallInteger(body.take())
  body.take(TAG.set)
  const encapsulated = new Members(body.take(), TAG.sequence)
  const contentType = oidValue(encapsulated.take())
  const contentField = encapsulated.optional(contextTag(0))
  encapsulated.end()
  const certificates = body.optional(contextTag(0))?.children ?? []
  body.optional(contextTag(1))
  const signers = new Members(body.take(), TAG.set).rest()
  body.end()
  if (signers.length > MOST_SIGNERS) throw malformed('too many signers')
  if (certificates.length > MOST_CERTIFICATES) throw malformed('too many certificates')
  return {
    contentType,
    content: contentField ? octetPieces(explicit(contentField, 0)) : null,
    certificates: certificates.flatMap(certificateIn),
    signers: signers.map(signerOf),
  }
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
  const names = signerMatcher(members.take())
  const digest = algorithmValue(members.take()).oid
  const attributes = members.optional(contextTag(0))
  const algorithm = algorithmValue(members.take())
  const signature = octets(members.take())
  members.optional(contextTag(1))
  members.end()
  return { names, digest, algorithm, signature, attributes: attributes ? attributesOf(attributes) : null }
}

function signerMatcher(id: Element): (certificate: X509Certificate) => boolean {
  if (id.tag === contextTag(0, 'primitive')) {
    return (certificate) => fieldsOf(certificate).subjectKeyId?.equals(id.content) ?? false
  }
  const members = new Members(id, TAG.sequence)
  const issuer = members.take(TAG.sequence).bytes
  const serial = members.take(TAG.integer).bytes
  members.end()
  return (certificate) => {
    const fields = fieldsOf(certificate)
    return fields.issuer.equals(issuer) && fields.serial.equals(serial)
  }
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
  return {
    bytes: asSet(element),
    contentType: oidValue(contentType),
    messageDigest: octets(messageDigest),
    signedAt: signingTime ? timeValue(signingTime) : null,
    certificateHash: signingCertificate ? certificateHashOf(signingCertificate) : null,
  }
}

/** certHash of the first ESSCertIDv2 (RFC 5035 section 4) when its digest is the default, SHA-256. */
function certificateHashOf(value: Element): Buffer | null {
  const first = new Members(new Members(value, TAG.sequence).take(TAG.sequence), TAG.sequence).take()
  const members = new Members(first, TAG.sequence)
  const digest = members.optional(TAG.sequence)
  if (digest && algorithmValue(digest).oid !== OID.sha256) return null
  return octets(members.take())
}
