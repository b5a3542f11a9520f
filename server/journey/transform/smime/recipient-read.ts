import type { X509Certificate } from 'node:crypto'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import {
  type AlgorithmIdentifier,
  algorithmValue,
  bitStringOctets,
  explicit,
  octets,
  oidValue,
  smallInteger,
} from '../../../keys/asn1/values.ts'
import { identifies } from './identifier.ts'

interface RecipientBase {
  /** Whether this recipient means the certificate. */
  names(certificate: X509Certificate): boolean
  readonly encryptedKey: Buffer
  /** For receipts. */
  readonly name: string
}

export interface TransportRecipient extends RecipientBase {
  readonly kind: 'transport'
  readonly algorithm: AlgorithmIdentifier
}

export interface AgreementRecipient extends RecipientBase {
  readonly kind: 'agreement'
  readonly curve: 'ec' | 'x25519'
  readonly agreement: AlgorithmIdentifier
  /** Public key of the originator: an uncompressed or compressed point, or the 32 octets of X25519. */
  readonly point: Buffer
  readonly ukm: Buffer | null
}

export interface KemRecipient extends RecipientBase {
  readonly kind: 'kem'
  /** OID of the key encapsulation mechanism. */
  readonly kem: string
  readonly ciphertext: Buffer
  readonly kdf: string
  readonly kekLength: number
  readonly wrap: AlgorithmIdentifier
  readonly ukm: Buffer | null
}

export type Recipient = TransportRecipient | AgreementRecipient | KemRecipient

/**
 * The recipients of one RecipientInfo (RFC 5652 6.2): key transport, key agreement and key encapsulation (RFC 9629); the
 * other kinds are for keys we do not have and are passed over. Raises `container-malformed`.
 */
export function recipientsOf(element: Element): readonly Recipient[] {
  switch (element.tag) {
    case TAG.sequence:
      return [transportOf(element)]
    case contextTag(1):
      return agreementOf(element)
    case contextTag(4):
      return otherOf(element)
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
  return { kind: 'transport', names: identifies(id, contextTag(0, 'primitive')), algorithm, encryptedKey, name }
}

function agreementOf(element: Element): readonly Recipient[] {
  const members = new Members(element, contextTag(1))
  smallInteger(members.take())
  const originator = explicit(members.take(contextTag(0)), 0)
  // Certified originators (static Diffie-Hellman) are not used in mail.
  if (originator.tag !== contextTag(1)) return []
  const originatorKey = new Members(originator, contextTag(1))
  const { oid } = algorithmValue(originatorKey.take())
  if (oid !== OID.ecPublicKey && oid !== OID.x25519) return []
  const curve = oid === OID.x25519 ? 'x25519' : 'ec'
  const point = bitStringOctets(originatorKey.take())
  const ukmField = members.optional(contextTag(1))
  const ukm = ukmField ? octets(explicit(ukmField, 1)) : null
  const agreement = algorithmValue(members.take())
  const keys = new Members(members.take(), TAG.sequence).rest()
  members.end()
  const name = curve === 'ec' ? 'ECDH' : 'X25519'
  return keys.map((key) => {
    const entry = new Members(key, TAG.sequence)
    const id = entry.take()
    const encryptedKey = octets(entry.take())
    entry.end()
    return { kind: 'agreement', curve, names: identifies(id, contextTag(0)), agreement, point, ukm, encryptedKey, name }
  })
}

/** OtherRecipientInfo that holds a KEMRecipientInfo (RFC 9629 section 3). */
function otherOf(element: Element): readonly Recipient[] {
  const other = new Members(element, contextTag(4))
  if (oidValue(other.take()) !== OID.kemRecipient) return []
  const members = new Members(other.take(), TAG.sequence)
  other.end()
  smallInteger(members.take())
  const id = members.take()
  const kem = algorithmValue(members.take()).oid
  const ciphertext = octets(members.take())
  const kdf = algorithmValue(members.take()).oid
  const kekLength = smallInteger(members.take())
  const ukmField = members.optional(contextTag(0))
  const ukm = ukmField ? octets(explicit(ukmField, 0)) : null
  const wrap = algorithmValue(members.take())
  const encryptedKey = octets(members.take())
  members.end()
  const names = identifies(id, contextTag(0, 'primitive'))
  return [{ kind: 'kem', names, kem, ciphertext, kdf, kekLength, wrap, ukm, encryptedKey, name: 'ML-KEM' }]
}
