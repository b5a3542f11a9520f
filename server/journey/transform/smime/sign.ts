import { createHash, randomUUID, type X509Certificate } from 'node:crypto'
import type { Entity, HeaderField } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { base64Lines } from './base64.ts'
import { contentOf, splitHeader } from './content-header.ts'
import { detachedSignature } from './printed-form.ts'
import { type RsaSignature, schemeOf } from './signature-scheme.ts'
import { opaqueSignedData, type Signing } from './signed-data.ts'

export interface SignOptions {
  /** Signing time, epoch ms: the time of acceptance, so that a second run writes the same. */
  readonly time: number
  /** `clear` (default) stays readable without S/MIME; `opaque` survives gateways that re-encode bodies. */
  readonly mode?: 'clear' | 'opaque'
  /** How RSA keys sign, `pkcs1` (default) or `pss`. */
  readonly rsa?: RsaSignature
  /** Header fields that stand in front of the Content-* fields inside, covered by the signature (RFC 9788). */
  readonly inside?: readonly HeaderField[]
}

/**
 * Signs an entity (RFC 8551 3.5). Content-* fields move inside; all others stay on the result, which has its own
 * MIME-Version. One pass, constant memory; the private key works on the thread pool.
 *
 * The body must already be in canonical form: CRLF line ends and, for `clear`, 7 bits (quoted-printable or base64),
 * because a relay that re-encodes 8-bit parts breaks the signature. `needs7bit` tells. Nothing is changed here.
 * Raises `key-unusable` for a key that does not sign S/MIME, before anything is written.
 */
export function signEntity(entity: Entity, identity: SmimeIdentity, options: SignOptions): Entity {
  const signing = { scheme: schemeOf(identity.privateKey, options.rsa), time: options.time }
  const parts = splitHeader(entity, options.inside)
  return options.mode === 'opaque' ? opaque(entity, identity, signing, parts) : clear(entity, identity, signing, parts)
}

/** One line for `Receipt.layers`. */
export function describeSignature(identity: SmimeIdentity, rsa?: RsaSignature): string {
  return `CMS SignedData, ${schemeOf(identity.privateKey, rsa).name}, ${holder(identity.certificate)}`
}

const holders = new WeakMap<X509Certificate, string>()

/** The subject of a certificate on one line, cut at 200 characters. */
export function holder(certificate: X509Certificate): string {
  const known = holders.get(certificate)
  if (known !== undefined) return known
  const made = certificate.subject.replaceAll(/[\r\n]+/g, ', ').slice(0, 200)
  holders.set(certificate, made)
  return made
}

type Parts = ReturnType<typeof splitHeader>

const MIME_VERSION = rawField('MIME-Version', '1.0')

const INTRODUCTION = 'This is a cryptographically signed message in MIME format.\r\n\r\n--'
const SIGNATURE_HEADER =
  'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\nContent-Description: S/MIME cryptographic signature\r\n\r\n'

function clear(entity: Entity, identity: SmimeIdentity, signing: Signing, { inner, outer }: Parts): Entity {
  const boundary = `=_secflow_${randomUUID()}`
  const signed: Signed = { entity, identity, signing, inner, boundary, last: null }
  const type = { name: 'content-type', raw: Buffer.from(multipartSigned(signing.scheme.micalg, boundary), 'latin1') }
  return {
    header: [...outer, MIME_VERSION, type],
    ...(entity.once ? { once: true } : {}),
    body: () => signedParts(signed),
  }
}

interface Signed {
  readonly entity: Entity
  readonly identity: SmimeIdentity
  readonly signing: Signing
  readonly inner: Buffer
  readonly boundary: string
  /** ECDSA draws a fresh random number each time: the last signature is kept so that a second run yields the same bytes. */
  last: { readonly digest: Buffer; readonly made: Buffer | Promise<Buffer> } | null
}

/**
 * The two parts, one pass. Not written as a generator inside of each entity: V8 gives every generator function that is made a
 * prototype and a hidden class of its own, which stay until the next full collection and cost more than running it.
 */
async function* signedParts(signed: Signed): AsyncGenerator<Uint8Array> {
  const { entity, signing, inner, boundary } = signed
  const content = createHash(signing.scheme.digest).update(inner)
  // Not joined with what follows: whoever writes it joins small pieces, and a second copy of 10 KB costs 5 µs.
  yield introduced(boundary, inner)
  for await (const chunk of entity.body()) {
    content.update(chunk)
    yield chunk
  }
  const made = signatureOver(signed, content.digest())
  yield made instanceof Promise ? await made : made
}

/** From the delimiter behind the content to the end. */
function signatureOver(signed: Signed, digest: Buffer): Buffer | Promise<Buffer> {
  if (signed.last?.digest.equals(digest)) return signed.last.made
  const { identity, signing, boundary } = signed
  // The CRLF before the delimiter belongs to the delimiter, not to the signed part (RFC 2046 5.1.1).
  const before = `\r\n--${boundary}\r\n${SIGNATURE_HEADER}`
  const made = detachedSignature(identity, digest, signing, { before, after: `\r\n--${boundary}--\r\n` })
  signed.last = { digest, made }
  return made
}

/** What stands in front of the content, and the header of the content itself. */
function introduced(boundary: string, inner: Buffer): Buffer {
  const text = `${INTRODUCTION}${boundary}\r\n`
  const whole = Buffer.allocUnsafe(text.length + inner.length)
  whole.write(text, 0, 'latin1')
  whole.set(inner, text.length)
  return whole
}

/** Written as it stands: nothing of it comes from outside, and what `rawField` looks for costs as much as the rest of the header. */
const multipartSigned = (micalg: string, boundary: string) =>
  `Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n\tmicalg=${micalg}; boundary="${boundary}"`

function opaque(entity: Entity, identity: SmimeIdentity, signing: Signing, { inner, outer }: Parts): Entity {
  return {
    header: [...outer, ...pkcs7Header('signed-data')],
    // RSA with PKCS#1 v1.5 and Ed25519 sign the same twice, the others do not.
    ...(entity.once || !signing.scheme.repeatable ? { once: true } : {}),
    body: () => base64Lines(opaqueSignedData(identity, contentOf(inner, entity), signing)),
  }
}

/** Header of an application/pkcs7-mime entity (RFC 8551 3.2). */
export function pkcs7Header(smimeType: 'signed-data' | 'enveloped-data' | 'authEnveloped-data') {
  return [
    MIME_VERSION,
    rawField('Content-Type', `application/pkcs7-mime; smime-type=${smimeType};\r\n\tname="smime.p7m"`),
    rawField('Content-Transfer-Encoding', 'base64'),
    rawField('Content-Disposition', 'attachment; filename="smime.p7m"'),
    rawField('Content-Description', 'S/MIME message'),
  ]
}
