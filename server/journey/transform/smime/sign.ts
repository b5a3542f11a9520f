import { createHash, randomBytes } from 'node:crypto'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { base64Lines, foldBase64 } from './base64.ts'
import { contentOf, splitHeader } from './content-header.ts'
import { schemeOf } from './signature-scheme.ts'
import { detachedSignedData, opaqueSignedData } from './signed-data.ts'

export interface SignOptions {
  /** Signing time, epoch ms: the time of acceptance, so that a second run writes the same. */
  readonly time: number
  /** `clear` (default) stays readable without S/MIME; `opaque` survives gateways that re-encode bodies. */
  readonly mode?: 'clear' | 'opaque'
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
  return options.mode === 'opaque' ? opaque(entity, identity, options.time) : clear(entity, identity, options.time)
}

/** One line for `Receipt.layers`. */
export function describeSignature(identity: SmimeIdentity): string {
  return `CMS SignedData, ${schemeOf(identity.privateKey).name}, ${holder(identity.certificate.subject)}`
}

/** The subject of a certificate on one line, cut at 200 characters. */
export function holder(subject: string): string {
  return subject.replaceAll(/[\r\n]+/g, ', ').slice(0, 200)
}

function clear(entity: Entity, identity: SmimeIdentity, time: number): Entity {
  const scheme = schemeOf(identity.privateKey)
  const { inner, outer } = splitHeader(entity)
  const boundary = `=_secflow_${randomBytes(18).toString('base64url')}`
  // ECDSA draws a fresh random number each time: the signature of a digest is kept so that every run yields the same bytes.
  const signatures = new Map<string, Promise<Buffer>>()
  const signatureOver = (digest: Buffer) => {
    const key = digest.toString('hex')
    const known = signatures.get(key)
    if (known) return known
    const made = detachedSignedData(identity, digest, time)
    signatures.set(key, made)
    return made
  }
  return {
    header: [
      ...outer,
      rawField('MIME-Version', '1.0'),
      rawField(
        'Content-Type',
        `multipart/signed; protocol="application/pkcs7-signature";\r\n\tmicalg=${scheme.micalg}; boundary="${boundary}"`,
      ),
    ],
    ...(entity.once ? { once: true } : {}),
    async *body() {
      const hash = createHash(scheme.digest)
      yield Buffer.from(`This is a cryptographically signed message in MIME format.\r\n\r\n--${boundary}\r\n`)
      for await (const chunk of contentOf(inner, entity)) {
        hash.update(chunk)
        yield chunk
      }
      // The CRLF before the delimiter belongs to the delimiter, not to the signed part (RFC 2046 5.1.1).
      yield Buffer.from(
        `\r\n--${boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\nContent-Description: S/MIME cryptographic signature\r\n\r\n`,
      )
      yield foldBase64(await signatureOver(hash.digest()))
      yield Buffer.from(`\r\n--${boundary}--\r\n`)
    },
  }
}

function opaque(entity: Entity, identity: SmimeIdentity, time: number): Entity {
  const { privateKey } = identity
  schemeOf(privateKey)
  const { inner, outer } = splitHeader(entity)
  return {
    header: [...outer, ...pkcs7Header('signed-data')],
    // RSA and Ed25519 sign the same twice, ECDSA does not.
    ...(entity.once || privateKey.asymmetricKeyType === 'ec' ? { once: true } : {}),
    body: () => base64Lines(opaqueSignedData(identity, contentOf(inner, entity), time)),
  }
}

/** Header of an application/pkcs7-mime entity (RFC 8551 3.2). */
export function pkcs7Header(smimeType: 'signed-data' | 'enveloped-data' | 'authEnveloped-data') {
  return [
    rawField('MIME-Version', '1.0'),
    rawField('Content-Type', `application/pkcs7-mime; smime-type=${smimeType};\r\n\tname="smime.p7m"`),
    rawField('Content-Transfer-Encoding', 'base64'),
    rawField('Content-Disposition', 'attachment; filename="smime.p7m"'),
    rawField('Content-Description', 'S/MIME message'),
  ]
}
