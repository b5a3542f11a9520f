/** Encrypted OpenPGP messages (RFC 9580 10.3.2) opened in a stream: bounded memory, and nothing out before all of it holds. */
import type { PrivateKey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import type { OpenByteSource } from '../../../ports/bytes.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { SealedSpool } from '../sealed-spool.ts'
import type { PgpSignatureCheck } from './check.ts'
import { MAX_OPENED_BYTES, MAX_SESSION_KEYS, pgpConfig } from './config.ts'
import { dearmored } from './dearmor.ts'
import type { Unpacking } from './decompress.ts'
import { readContent } from './message.ts'
import { PACKET, packet } from './packet.ts'
import { type PacketHead, packetBody, packetHead, wholeBody } from './packet-read.ts'
import { passwordKeys } from './password-key.ts'
import { malformed, PieceReader } from './piece-reader.ts'
import { publicKeysOf } from './public-key.ts'
import { type FoundKey, openSealedKey, readSealedKey, type SealedKey } from './session-key.ts'
import { privateKeyOf } from './signer.ts'
import { type Protection, unseal } from './unseal.ts'

export interface PgpOpenOptions {
  /** Of receipt, epoch ms. */
  readonly time: number
  /** Most bytes of ciphertext, and most that may come out of compression; 256 MiB by default. */
  readonly most?: number
  /** What may come out of compression over several calls: one mail is opened for many people. Without bound when left out. */
  readonly unpacking?: Unpacking
  /** Where content waits that is larger than 2 MiB; the system's directory for temporary files by default. */
  readonly directory?: string
  /** Tried on session keys that a password protects (RFC 9580 5.3). */
  readonly passwords?: readonly string[]
}

export interface PgpMessage {
  /** Disposing of it removes the opened content, which lies encrypted in a file without a name when it is large. */
  readonly content: OpenByteSource
  readonly signatures: readonly PgpSignatureCheck[]
  readonly protection: Protection
}

const MAX_SESSION_KEY = 4_096
const unbound = (): Unpacking => ({ left: Number.POSITIVE_INFINITY })
/** Private-key operations on one message: 256 of RSA-4096 take about a second, in turns. */
const MAX_TRIED = 256
const SEALED: ReadonlySet<number> = new Set([PACKET.unprotectedData, PACKET.protectedData, PACKET.aeadData])

/**
 * Opens an encrypted message, armored or binary. Nothing of it is looked at before the integrity of all of it is known, and
 * every failure costs the same: without a session key the work goes on with a random one. `verificationKeys` are armored
 * public keys of the supposed sender. Raises `message-too-large`, `container-malformed` for what is seen to be no
 * OpenPGP message without any key, `key-unusable` for an identity that cannot be read, and `decryption-failed`, with the same
 * words whatever the reason.
 */
export async function pgpOpen(
  pieces: AsyncIterable<Uint8Array>,
  identities: readonly PgpIdentity[],
  verificationKeys: readonly string[],
  { time, most = MAX_OPENED_BYTES, unpacking = unbound(), directory, passwords = [] }: PgpOpenOptions,
): Promise<PgpMessage> {
  const secrets = await Promise.all(identities.map(privateKeyOf))
  const verifiers = await publicKeysOf(verificationKeys)
  const newSpool = () => new SealedSpool(directory)
  const spool = newSpool()
  const reader = new PieceReader(await binary(limited(pieces, most)))
  try {
    const { found, head } = await sessionKeys(reader, secrets, passwords)
    const keyFor = (version: 3 | 6) => found.find((key) => (key.cipher === null) === (version === 6)) ?? null
    const { whole, protection } = await unseal(head.tag, packetBody(reader, head), keyFor, spool)
    if (await nextMeaningful(reader)) throw malformed('a packet after the encrypted data')
    if (!whole) throw new Fault('decryption-failed', '')
    const inside = await spool.release()
    const options = { verifiers, time, most, unpacking, newSpool }
    const { content, signatures } = await readContent(inside, options).catch((cause) => {
      throw new Fault('decryption-failed', '', { cause })
    })
    return { content, signatures, protection }
  } catch (error) {
    await spool[Symbol.asyncDispose]()
    throw error
  } finally {
    await reader.close()
  }
}

/**
 * Reads a message that is signed and not encrypted, armored or binary (10.3): what `gpg --sign` makes. Raises
 * `message-too-large` and `container-malformed`.
 */
export async function pgpReadSigned(
  pieces: AsyncIterable<Uint8Array>,
  verificationKeys: readonly string[],
  { time, most = MAX_OPENED_BYTES, unpacking = unbound(), directory }: PgpOpenOptions,
): Promise<Omit<PgpMessage, 'protection'>> {
  const verifiers = await publicKeysOf(verificationKeys)
  const newSpool = () => new SealedSpool(directory)
  const spool = newSpool()
  try {
    for await (const piece of await binary(limited(pieces, most))) {
      await spool.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
    }
  } catch (error) {
    await spool[Symbol.asyncDispose]()
    throw error
  }
  return readContent(await spool.release(), { verifiers, time, most, unpacking, newSpool })
}

async function* limited(pieces: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  // Base64 with line ends takes 1.37 times the room.
  let left = Math.ceil(most * 1.4) + 65_536
  for await (const piece of pieces) {
    left -= piece.length
    if (left < 0) throw new Fault('message-too-large', 'OpenPGP content is too large to be opened')
    if (piece.length > 0) yield piece
  }
}

/** Bit 7 is set in every packet header (RFC 9580 4.2) and in no character of an armor. */
async function binary(pieces: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first = await pieces.next()
  if (first.done) throw malformed('not an OpenPGP message')
  async function* all(): AsyncGenerator<Uint8Array> {
    yield first.value as Uint8Array
    yield* pieces
  }
  return ((first.value[0] ?? 0) & 0x80) !== 0 ? all() : dearmored('MESSAGE', all())
}

async function nextMeaningful(reader: PieceReader): Promise<PacketHead | null> {
  for (;;) {
    const head = await packetHead(reader)
    if (head?.tag !== PACKET.marker && head?.tag !== PACKET.padding) return head
    for await (const _ of packetBody(reader, head));
  }
}

/** Reads the packets before the encrypted data and tries every key that may be meant. */
async function sessionKeys(
  reader: PieceReader,
  secrets: readonly PrivateKey[],
  passwords: readonly string[],
): Promise<{ found: FoundKey[]; head: PacketHead }> {
  const sealed: SealedKey[] = []
  const protectedKeys: Buffer[] = []
  let count = 0
  for (;;) {
    const head = await nextMeaningful(reader)
    if (!head) throw malformed('not an encrypted OpenPGP message')
    if (SEALED.has(head.tag)) {
      const found = await openedKeys(sealed, secrets)
      return { found: [...found, ...(await passwordKeys(protectedKeys, passwords))], head }
    }
    if (head.tag !== PACKET.sessionKey && head.tag !== PACKET.passwordSessionKey) {
      throw malformed(`packet ${head.tag} before the encrypted data`)
    }
    count += 1
    if (count > MAX_SESSION_KEYS) throw malformed(`more than ${MAX_SESSION_KEYS} session keys`)
    const body = await wholeBody(reader, head, MAX_SESSION_KEY)
    const key = head.tag === PACKET.sessionKey ? readSealedKey(body) : null
    if (key) sealed.push(key)
    else if (head.tag === PACKET.passwordSessionKey) protectedKeys.push(packet(head.tag, body))
  }
}

/**
 * Tries each packet with the keys that it names, and a hidden recipient's with all. Where none is named all are tried, as for
 * hidden ones: some senders write wrong ids, and a message for somebody else costs what one for us does.
 */
async function openedKeys(sealed: readonly SealedKey[], secrets: readonly PrivateKey[]): Promise<FoundKey[]> {
  const all = (await Promise.all(secrets.map(decryptionKeysOf))).flat()
  const pairs = sealed.flatMap((one) =>
    all.filter(({ packet: own }) => own.algorithm === one.algorithm).map((key) => ({ one, key })),
  )
  const meant = pairs.filter(({ one, key }) => one.keyId === null || one.keyId === key.keyId)
  const tried = (meant.length > 0 ? meant : pairs).slice(0, MAX_TRIED)
  const found: FoundKey[] = []
  for (const { one, key } of tried) {
    const opened = openSealedKey(one, key.packet, key.fingerprint)
    if (opened) found.push(opened)
    if (turnIsOver()) await othersTurn()
  }
  return found
}

/** The keys of a certificate that decrypt; an expired one still opens old mail (the library's own reading of null). */
async function decryptionKeysOf(secret: PrivateKey) {
  const keys = await secret.getDecryptionKeys(undefined, null, undefined, pgpConfig).catch(() => [])
  return keys.map((key) => ({
    packet: key.keyPacket,
    keyId: key.getKeyID().toHex(),
    fingerprint: Buffer.from(key.getFingerprint(), 'hex'),
  }))
}
