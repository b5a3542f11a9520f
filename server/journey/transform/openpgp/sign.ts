import { randomBytes } from 'node:crypto'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { armored } from './armor.ts'
import { entityBytes } from './entity-bytes.ts'
import { startSignature } from './signature.ts'
import { signerOf } from './signer.ts'

/** One hash for every kind of key, because the header names it before a key is read. */
export const SIGNED_WITH = 'sha512'

/**
 * Wraps an entity into multipart/signed (RFC 3156 section 5). The inner entity is hashed while it is written and must be
 * 7bit clean, or a relay that recodes it breaks the signature. The result has the one field Content-Type; `time` is
 * epoch ms. Raises `key-unusable` while the body is written.
 */
export function pgpSignEntity(inner: Entity, identity: PgpIdentity, { time }: { readonly time: number }): Entity {
  const boundary = `pgp-${randomBytes(18).toString('hex')}`
  // Salted and ECDSA signatures differ each time; the body must not when it is started again.
  let signature: Buffer | null = null

  async function* body(): AsyncIterable<Uint8Array> {
    const signer = await signerOf(identity, time)
    const running = signature ? null : startSignature(signer, SIGNED_WITH, time)
    yield ascii(`--${boundary}\r\n`)
    for await (const piece of entityBytes(inner)) {
      running?.update(piece)
      yield piece
    }
    if (running) signature ??= await armoredSignature(await running.packet(), signer.version === 4)
    yield ascii(
      `\r\n--${boundary}\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\nContent-Description: OpenPGP digital signature\r\nContent-Disposition: attachment; filename="signature.asc"\r\n\r\n`,
    )
    yield signature ?? Buffer.alloc(0)
    yield ascii(`\r\n--${boundary}--\r\n`)
  }

  const type = `multipart/signed; micalg=pgp-${SIGNED_WITH};\r\n protocol="application/pgp-signature"; boundary="${boundary}"`
  return { header: [rawField('Content-Type', type)], body, ...(inner.once ? { once: true } : {}) }
}

async function armoredSignature(packet: Buffer, checksum: boolean): Promise<Buffer> {
  async function* one() {
    yield packet
  }
  const pieces: Buffer[] = []
  for await (const piece of armored('SIGNATURE', one(), { checksum })) pieces.push(piece)
  return Buffer.concat(pieces)
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'ascii')
}
