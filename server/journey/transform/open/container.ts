import { oid } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { contentFields } from '../../../mime/content-fields.ts'
import { type MimePart, partsOf } from '../../../mime/part.ts'

/** What the root of an entity is, seen from outside. */
export type Container = 'cms' | 'signed' | 'pgp-encrypted' | 'unclear'

/** Two readers would take such a header for different things, and one of them would show what nobody signed. */
const UNCLEAR_TYPE = ['duplicate-content-type', 'duplicate-content-transfer-encoding', 'content-type-invalid']
const UNCLEAR_PARTS = [
  ...UNCLEAR_TYPE,
  'boundary-duplicate',
  'boundary-encoded',
  'parameter-conflict',
  'parameter-duplicate',
  'parameter-malformed',
]
const CMS = /^application\/(x-)?pkcs7-mime$/
const SEALED = /^(multipart\/(signed|encrypted)|application\/((x-)?pkcs7-(mime|signature)|pgp-(encrypted|signature)))$/

/** The container an entity is, or null: then it is content. */
export function containerOf(root: MimePart): Container | null {
  const kind = kindOf(root)
  if (kind === null) return null
  const { defects } = contentFields(root.fields, 'text/plain')
  // A container in one piece has no parts to be told apart: its parameters decide nothing.
  const unclear = kind === 'cms' ? UNCLEAR_TYPE : UNCLEAR_PARTS
  const encoded = kind !== 'cms' && !['7bit', '8bit', 'binary'].includes(root.encoding)
  return encoded || defects.some((defect) => unclear.includes(defect)) ? 'unclear' : kind
}

function kindOf({ type, shape, fileName, parameters }: MimePart): Container | null {
  if (CMS.test(type)) return 'cms'
  // Gateways that do not know the type leave the name (RFC 8551 3.9).
  if (type === 'application/octet-stream' && shape === 'leaf' && /\.p7m$/i.test(fileName)) return 'cms'
  if (type === 'multipart/signed') return 'signed'
  if (type !== 'multipart/encrypted') return null
  return (parameters.get('protocol') ?? '').toLowerCase() === 'application/pgp-encrypted' ? 'pgp-encrypted' : 'unclear'
}

/** The first signed or encrypted part below the root, messages inside left out: forwarded mail is nobody's protection. */
export function sealedPart(root: MimePart): MimePart | null {
  const inMessages = new Set<MimePart>()
  for (const part of partsOf(root)) {
    if (part.shape === 'message' || inMessages.has(part)) for (const child of part.children) inMessages.add(child)
    if (part !== root && !inMessages.has(part) && isProtection(part)) return part
  }
  return null
}

/** Whether a signed or encrypted mail is attached. */
export function forwardedSeal(root: MimePart): boolean {
  return [...partsOf(root)].some(
    (part) => part.shape === 'message' && part.children.some((child) => [...partsOf(child)].some(isProtection)),
  )
}

/** A signed file that was attached as such (an invoice, a contract) protects itself, not the mail. */
function isProtection({ type, fileName }: MimePart): boolean {
  if (!SEALED.test(type)) return false
  return !/pkcs7/.test(type) || fileName === '' || /^smime\.p7[ms]$/i.test(fileName)
}

const TYPES = [
  [oid(OID.signedData), 'signed'],
  [oid(OID.envelopedData), 'encrypted'],
  [oid(OID.authEnvelopedData), 'encrypted'],
] as const

/**
 * What a CMS says of itself (RFC 5652 section 3); it counts more than smime-type. `other` for well-begun CMS of another
 * type (compressed, digested), null for what does not begin like one.
 */
export function cmsType(der: Buffer): 'signed' | 'encrypted' | 'other' | null {
  if (der[0] !== 0x30) return null
  const length = der[1] ?? 0
  const start = 2 + (length > 0x80 ? length & 0x7f : 0)
  if (der[start] !== 0x06) return null
  return TYPES.find(([type]) => der.subarray(start, start + type.length).equals(type))?.[1] ?? 'other'
}
