import { randomBytes } from 'node:crypto'
import { generateSessionKey, type Key, type SessionKey, type Subkey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { armored } from './armor.ts'
import { pgpConfig } from './config.ts'
import { entityBytes } from './entity-bytes.ts'
import { PACKET, streamedPacket } from './packet.ts'
import { publicKeyOf } from './public-key.ts'
import { sealPackets } from './seipd.ts'
import { sealedSessionKey } from './session-key.ts'
import { startSignature } from './signature.ts'
import { type PgpSigner, signerOf } from './signer.ts'

/**
 * Wraps an entity into multipart/encrypted (RFC 3156 section 4), signed inside where `sign` is given (6.2: one OpenPGP
 * message, signature and all under the encryption). `recipients` are armored public keys, and every one of them is named
 * in the message by its key id; those in `hidden` are not (RFC 9580 5.1.8), for copies that others must not know of, but
 * that there are more readers than names shows. `time` is epoch ms. Integrity protection is version 2 (OCB) only if
 * every key announces it, else version 1. Nothing is compressed. Raises `key-unusable` while the body is written.
 */
export function pgpEncryptEntity(
  inner: Entity,
  recipients: readonly string[],
  {
    hidden = [],
    sign,
    time,
  }: { readonly hidden?: readonly string[]; readonly sign?: PgpIdentity; readonly time: number },
): Entity {
  const boundary = `pgp-${randomBytes(18).toString('hex')}`

  async function* body(): AsyncIterable<Uint8Array> {
    const { subkeys, session } = await sessionFor([...recipients, ...hidden], time)
    const signer = sign ? await signerOf(sign, time) : null
    const sessionKeys = await encryptedSessionKeys(subkeys, recipients.length, session)
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
  yield await running.packet()
}

/** Body of a literal data packet (RFC 9580 5.9): binary, without a name and without a date, which nothing signs. */
async function* literal(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield Buffer.of(0x62, 0, 0, 0, 0, 0)
  yield* content
}

/**
 * Reads the recipients' keys, with the subkeys that are encrypted to, and makes a session key by what all of them can read. Others
 * have their turn between two keys. Raises `key-unusable`.
 */
export async function sessionFor(
  recipients: readonly string[],
  time: number,
): Promise<{ readonly keys: Key[]; readonly subkeys: (Key | Subkey)[]; readonly session: SessionKey }> {
  if (recipients.length === 0) throw new Fault('key-missing', 'nobody to encrypt to')
  const keys: Key[] = []
  const subkeys: (Key | Subkey)[] = []
  const date = new Date(time)
  for (const armored of recipients) {
    if (keys.length > 0 && turnIsOver()) await othersTurn()
    const key = await publicKeyOf(armored)
    keys.push(key)
    subkeys.push(await key.getEncryptionKey(undefined, date, undefined, pgpConfig).catch(refused))
  }
  const session = await generateSessionKey({ encryptionKeys: keys, date, config: pgpConfig }).catch(refused)
  return { keys, subkeys, session }
}

/** One public-key encrypted session key packet for each key, the first `named` with its id. Raises `key-unusable`. */
async function encryptedSessionKeys(
  subkeys: readonly (Key | Subkey)[],
  named: number,
  session: SessionKey,
): Promise<Buffer> {
  const packets: Buffer[] = []
  for (const [at, subkey] of subkeys.entries()) {
    if (at > 0 && turnIsOver()) await othersTurn()
    try {
      packets.push(sealedSessionKey(subkey, session, at >= named))
    } catch (cause) {
      refused(cause)
    }
  }
  return Buffer.concat(packets)
}

function refused(cause: unknown): never {
  throw new Fault('key-unusable', "a recipient's key cannot encrypt now", { cause })
}
