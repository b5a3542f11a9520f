import type { X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import {
  type AlgorithmIdentifier,
  algorithmValue,
  bitStringOctets,
  explicit,
  octetPieces,
  octets,
  oidValue,
  smallInteger,
} from '../../../keys/asn1/values.ts'
import { fieldsOf } from '../../../keys/certificate.ts'

/** An EnvelopedData or AuthEnvelopedData, read but not opened. */
export interface Enveloped {
  readonly recipients: readonly Recipient[]
  readonly cipher: ContentCipher
  /** Ciphertext in order; views of the container. */
  readonly pieces: readonly Buffer[]
  /** GCM only, else empty. */
  readonly tag: Buffer
  /** Authenticated attributes as they enter the AEAD (RFC 5083 2.2), or null. */
  readonly additional: Buffer | null
}

export interface ContentCipher {
  readonly mode: 'cbc' | 'gcm'
  readonly keyLength: 16 | 24 | 32
  readonly iv: Buffer
}

interface RecipientBase {
  /** Whether this recipient means the certificate. */
  names(certificate: X509Certificate): boolean
  readonly encryptedKey: Buffer
  /** For receipts. */
  readonly name: string
}

export type Recipient =
  | (RecipientBase & { readonly kind: 'transport'; readonly algorithm: AlgorithmIdentifier })
  | (RecipientBase & {
      readonly kind: 'agreement'
      readonly agreement: AlgorithmIdentifier
      /** Uncompressed or compressed point of the originator. */
      readonly point: Buffer
      readonly ukm: Buffer | null
    })

const CIPHERS: Readonly<Record<string, Omit<ContentCipher, 'iv'>>> = {
  [OID.aes128Cbc]: { mode: 'cbc', keyLength: 16 },
  [OID.aes192Cbc]: { mode: 'cbc', keyLength: 24 },
  [OID.aes256Cbc]: { mode: 'cbc', keyLength: 32 },
  [OID.aes128Gcm]: { mode: 'gcm', keyLength: 16 },
  [OID.aes192Gcm]: { mode: 'gcm', keyLength: 24 },
  [OID.aes256Gcm]: { mode: 'gcm', keyLength: 32 },
}

const MOST_RECIPIENTS = 2_000

/** Reads the structure. Raises `container-malformed`, also for a cipher this version does not open. */
export function readEnveloped(contentInfo: Element): Enveloped {
  const info = new Members(contentInfo, TAG.sequence)
  const type = oidValue(info.take())
  const authenticated = type === OID.authEnvelopedData
  if (!authenticated && type !== OID.envelopedData) throw malformed(`content type ${type} is not enveloped data`)
  const body = new Members(explicit(info.take(), 0), TAG.sequence)
  info.end()

  smallInteger(body.take())
  body.optional(contextTag(0))
  const recipientInfos = new Members(body.take(), TAG.set).rest()
  if (recipientInfos.length > MOST_RECIPIENTS) throw malformed('too many recipients')
  const content = new Members(body.take(), TAG.sequence)
  // RFC 8551 2.4.3: a MIME entity is id-data; anything else would be handed on as what it is not.
  if (oidValue(content.take()) !== OID.data) throw malformed('encrypted content is not a MIME entity')
  const cipher = cipherOf(algorithmValue(content.take()))
  const pieces = octetPieces(content.take(), contextTag(0, 'primitive'))
  content.end()
  if ((cipher.mode === 'gcm') !== authenticated) throw malformed('cipher and container do not belong together')

  const attributes = authenticated ? body.optional(contextTag(1)) : null
  const tag = authenticated ? octets(body.take()) : Buffer.alloc(0)
  // Shorter tags (RFC 5084 allows 12 to 15) are refused with less than 12: a forger would guess them.
  if (authenticated && (tag.length < 12 || tag.length > 16)) throw malformed('tag length')
  body.optional(contextTag(authenticated ? 2 : 1))
  body.end()
  return {
    recipients: recipientInfos.flatMap(recipientsOf),
    cipher,
    pieces,
    tag,
    additional: attributes ? asSet(attributes) : null,
  }
}

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** The attributes under their universal tag, as they are hashed or authenticated (RFC 5652 5.4, RFC 5083 2.2). */
export function asSet(attributes: Element): Buffer {
  if (attributes.indefinite) throw malformed('attributes of indefinite length')
  const set = Buffer.from(attributes.bytes)
  set[0] = TAG.set
  return set
}

function cipherOf({ oid, parameters }: AlgorithmIdentifier): ContentCipher {
  const known = CIPHERS[oid]
  if (!known || !parameters) throw malformed(`content encryption ${oid} is not supported`)
  if (known.mode === 'cbc') {
    const iv = octets(parameters)
    if (iv.length !== 16) throw malformed('IV length')
    return { ...known, iv }
  }
  const members = new Members(parameters, TAG.sequence)
  const iv = octets(members.take())
  members.optional(TAG.integer)
  members.end()
  if (iv.length < 7 || iv.length > 64) throw malformed('nonce length')
  return { ...known, iv }
}

/** KeyTransRecipientInfo and KeyAgreeRecipientInfo; the other kinds are for keys we do not have and are passed over. */
function recipientsOf(element: Element): readonly Recipient[] {
  switch (element.tag) {
    case TAG.sequence:
      return [transportOf(element)]
    case contextTag(1):
      return agreementOf(element)
    default:
      return []
  }
}

function transportOf(element: Element): Recipient {
  const members = new Members(element, TAG.sequence)
  smallInteger(members.take())
  const id = members.take()
  const algorithm = algorithmValue(members.take())
  const encryptedKey = octets(members.take())
  members.end()
  const name = algorithm.oid === OID.rsaOaep ? 'RSAES-OAEP' : 'RSAES-PKCS1-v1_5'
  return { kind: 'transport', names: matcher(id, contextTag(0, 'primitive')), algorithm, encryptedKey, name }
}

function agreementOf(element: Element): readonly Recipient[] {
  const members = new Members(element, contextTag(1))
  smallInteger(members.take())
  const originator = explicit(members.take(contextTag(0)), 0)
  // Certified originators (static Diffie-Hellman) are not used in mail.
  if (originator.tag !== contextTag(1)) return []
  const originatorKey = new Members(originator, contextTag(1))
  if (algorithmValue(originatorKey.take()).oid !== OID.ecPublicKey) return []
  const point = bitStringOctets(originatorKey.take())
  const ukmField = members.optional(contextTag(1))
  const ukm = ukmField ? octets(explicit(ukmField, 1)) : null
  const agreement = algorithmValue(members.take())
  const keys = new Members(members.take(), TAG.sequence).rest()
  members.end()
  return keys.map((key) => {
    const entry = new Members(key, TAG.sequence)
    const id = entry.take()
    const encryptedKey = octets(entry.take())
    entry.end()
    return { kind: 'agreement', names: matcher(id, contextTag(0)), agreement, point, ukm, encryptedKey, name: 'ECDH' }
  })
}

/** `keyIdTag` is that of the subject key identifier; within a KeyAgreeRecipientIdentifier it is a sequence that begins with one. */
function matcher(id: Element, keyIdTag: number): (certificate: X509Certificate) => boolean {
  if (id.tag === keyIdTag) {
    const keyId = id.children[0] ? octets(id.children[0]) : id.content
    return (certificate) => fieldsOf(certificate).subjectKeyId?.equals(keyId) ?? false
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
