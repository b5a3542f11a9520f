import type { X509Certificate } from 'node:crypto'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import { TAG } from '../../../keys/asn1/der.ts'
import { octets } from '../../../keys/asn1/values.ts'
import { fieldsOf } from '../../../keys/certificate.ts'

/**
 * Which certificate a SignerIdentifier, RecipientIdentifier or KeyAgreeRecipientIdentifier means (RFC 5652 5.3, 6.2.1, 6.2.2).
 * `keyIdTag` is that of the subject key identifier; within a KeyAgreeRecipientIdentifier it is a sequence that begins with one.
 * Raises `container-malformed`.
 */
export function identifies(id: Element, keyIdTag: number): (certificate: X509Certificate) => boolean {
  if (id.tag === keyIdTag) {
    const keyId = id.children[0] ? octets(id.children[0]) : id.content
    return (certificate) => fieldsOf(certificate).subjectKeyId?.equals(keyId) ?? false
  }
  const members = new Members(id, TAG.sequence)
  const issuer = members.take(TAG.sequence)
  const serial = members.take(TAG.integer)
  members.end()
  return (certificate) => {
    const fields = fieldsOf(certificate)
    return fields.issuer.equals(issuer.bytes) && fields.serial.equals(serial.bytes)
  }
}
