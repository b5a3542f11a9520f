import { randomBytes } from 'node:crypto'
import { encryptSessionKey, generateSessionKey, type Key, type SessionKey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { armored } from './armor.ts'
import { pgpConfig } from './config.ts'
import { entityBytes } from './entity-bytes.ts'
import { PACKET, streamedPacket } from './packet.ts'
import { publicKeyOf } from './public-key.ts'
import { sealPackets } from './seipd.ts'
import { startSignature } from './signature.ts'
import { type PgpSigner, signerOf } from './signer.ts'

/**
 * Wraps an entity into multipart/encrypted (RFC 3156 section 4), signed inside where `sign` is given (6.2: one OpenPGP
 * message, signature and all under the encryption). `recipients` are armored public keys, and every one of them is named
 * in the message: blind copies are encrypted apart. `time` is epoch ms. Integrity protection is version 2 (OCB) only if
 * every key announces it, else version 1. Nothing is compressed. Raises `key-unusable` while the body is written.
 */
export function pgpEncryptEntity(
  inner: Entity,
  recipients: readonly string[],
  { sign, time }: { readonly sign?: PgpIdentity; readonly time: number },
): Entity {
  const boundary = `pgp-${randomBytes(18).toString('hex')}`

  async function* body(): AsyncIterable<Uint8Array> {
    const { keys, session } = await sessionFor(recipients, time)
    const signer = sign ? await signerOf(sign, time) : null
    const sessionKeys = await encryptedSessionKeys(keys, session, time)
    const message = encryptedMessage(entityBytes(inner), sessionKeys, session, signer, time)
    yield Buffer.from(
      `--${boundary}\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n\r\n--${boundary}\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\nContent-Description: OpenPGP encrypted message\r\nContent-Disposition: inline; filename="encrypted.asc"\r\n\r\n`,
      'ascii',
    )
    yield* armored('MESSAGE', message, { checksum: session.aeadAlgorithm === undefined })
    yield Buffer.from(`\r\n--${boundary}--\r\n`, 'ascii')
  }

  const type = `multipart/encrypted; protocol="application/pgp-encrypted";\r\n boundary="${boundary}"`
  return { header: [rawField('Content-Type', type)], body, once: true }
}

/** An encrypted OpenPGP message (RFC 9580 10.3), binary. */
async function* encryptedMessage(
  content: AsyncIterable<Uint8Array>,
  sessionKeys: Uint8Array,
  session: SessionKey,
  signer: PgpSigner | null,
  time: number,
): AsyncIterable<Buffer> {
  yield Buffer.from(sessionKeys)
  const packets = signer ? signedMessage(content, signer, time) : streamedPacket(PACKET.literal, literal(content))
  yield* streamedPacket(PACKET.protectedData, sealPackets(session, packets))
}

/** A one-pass signed message (RFC 9580 5.4): what will be signed, the literal data, the signature. */
async function* signedMessage(
  content: AsyncIterable<Uint8Array>,
  signer: PgpSigner,
  time: number,
): AsyncIterable<Buffer> {
  const running = startSignature(signer, signer.hash, time)
  async function* hashed() {
    for await (const piece of content) {
      running.update(piece)
      yield piece
    }
  }
  yield running.onePass()
  yield* streamedPacket(PACKET.literal, literal(hashed()))
  yield running.packet()
}

/** Body of a literal data packet (RFC 9580 5.9): binary, without a name and without a date, which nothing signs. */
async function* literal(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield Buffer.of(0x62, 0, 0, 0, 0, 0)
  yield* content
}

/** Reads the recipients' keys and makes a session key by what all of them can read. Raises `key-unusable`. */
export async function sessionFor(
  recipients: readonly string[],
  time: number,
): Promise<{ readonly keys: Key[]; readonly session: SessionKey }> {
  if (recipients.length === 0) throw new Fault('key-missing', 'nobody to encrypt to')
  const keys = await Promise.all(recipients.map(publicKeyOf))
  try {
    const session = await generateSessionKey({ encryptionKeys: keys, date: new Date(time), config: pgpConfig })
    return { keys, session }
  } catch (cause) {
    throw unusable(cause)
  }
}

/** One public-key encrypted session key packet for each key (RFC 9580 5.1). Raises `key-unusable`. */
async function encryptedSessionKeys(keys: Key[], session: SessionKey, time: number): Promise<Uint8Array> {
  const options = { ...session, encryptionKeys: keys, date: new Date(time), config: pgpConfig }
  return encryptSessionKey({ ...options, format: 'binary' }).catch((cause) => {
    throw unusable(cause)
  })
}

function unusable(cause: unknown): Fault {
  return new Fault('key-unusable', "a recipient's key cannot encrypt now", { cause })
}
