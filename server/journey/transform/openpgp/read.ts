import {
  createMessage,
  decrypt,
  type Key,
  type KeyID,
  type Message,
  readMessage,
  readSignature,
  type Signature,
  type VerifyMessageResult,
  verify,
} from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import type { ByteSource } from '../../../ports/bytes.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { MAX_READ_BYTES, MAX_SESSION_KEYS, pgpConfig, revocationConfig } from './config.ts'
import { publicKeyOf } from './public-key.ts'
import { privateKeyOf } from './signer.ts'

/** What is known of one signature. `unknown-key`: none of the given keys made it, so nothing was proved or disproved. */
export interface PgpSignatureCheck {
  readonly state: 'good' | 'bad' | 'unknown-key'
  /** Of the key the signature names, 16 hex digits, lower case. */
  readonly keyId: string
  /** Fingerprint of the certificate (primary key) that made it; null unless good. */
  readonly fingerprint: string | null
  /** Time of signing as the signer claims it, epoch ms. */
  readonly signedAt: number | null
  /**
   * Of the key that made it, at the time of receipt: `good` alone says that it could sign when the signer claims to have
   * signed. null without a key.
   */
  readonly key: 'valid' | 'expired' | 'revoked' | 'unusable' | null
}

export interface PgpOpened {
  readonly content: Buffer
  readonly signatures: readonly PgpSignatureCheck[]
}

/**
 * Opens an encrypted OpenPGP message, armored or binary, of at most 64 MiB (RFC 9580 10.3). Nothing is returned before
 * the integrity of all of it is known. `verificationKeys` are armored public keys of the supposed sender, `time` is the
 * time of receipt, epoch ms. Raises `message-too-large`, `container-malformed` for what is no OpenPGP message, and
 * `decryption-failed`, with the same words whatever the reason: who sends altered messages must not learn from the answer.
 */
export async function pgpDecrypt(
  source: ByteSource,
  identities: readonly PgpIdentity[],
  verificationKeys: readonly string[],
  { time }: { readonly time: number },
): Promise<PgpOpened> {
  const message = await parseMessage(await readWhole(source))
  const decryptionKeys = await Promise.all(identities.map(privateKeyOf))
  const verifiers = await readKeys(verificationKeys)
  try {
    const opened = await decrypt({
      message,
      decryptionKeys,
      verificationKeys: verifiers,
      format: 'binary',
      date: new Date(time),
      config: pgpConfig,
    })
    return {
      content: Buffer.from(opened.data.buffer, opened.data.byteOffset, opened.data.byteLength),
      signatures: await checksOf(opened.signatures, verifiers, time),
    }
  } catch (cause) {
    throw new Fault('decryption-failed', '', { cause })
  }
}

/**
 * Every signature of a detached signature over the exact bytes of a signed entity, good or not; `pgpVerify` says more.
 * Raises `container-malformed` when it cannot be read, `signature-invalid` when checking fails as a whole,
 * `message-too-large`.
 */
export async function pgpCheckSignature(
  signed: ByteSource,
  signature: Uint8Array,
  keys: readonly string[],
  { time }: { readonly time: number },
): Promise<readonly PgpSignatureCheck[]> {
  const parsed = await parseSignature(signature)
  const content = await readWhole(signed)
  const verifiers = await readKeys(keys)
  try {
    const message = await createMessage({ binary: content })
    const result = await verify({
      message,
      signature: parsed,
      verificationKeys: verifiers,
      format: 'binary',
      date: new Date(time),
      config: pgpConfig,
    })
    return await checksOf(result.signatures, verifiers, time)
  } catch (cause) {
    throw new Fault('signature-invalid', '', { cause })
  }
}

/**
 * Checks a detached signature over the exact bytes of a signed entity (RFC 3156 section 5), at most 64 MiB, with the
 * armored keys of the supposed sender at the time of receipt. Returns the first good signature. Raises `signature-invalid`
 * when there is none, `container-malformed` when the signature cannot be read, `message-too-large`.
 */
export async function pgpVerify(
  signed: ByteSource,
  signature: Uint8Array,
  keys: readonly string[],
  { time }: { readonly time: number },
): Promise<PgpSignatureCheck> {
  const checks = await pgpCheckSignature(signed, signature, keys, { time })
  const good = checks.find((check) => check.state === 'good')
  if (good) return good
  const unknown = checks.every((check) => check.state === 'unknown-key')
  throw new Fault('signature-invalid', unknown ? 'no key of the sender made it' : '')
}

async function checksOf(
  results: VerifyMessageResult['signatures'],
  verifiers: readonly Key[],
  time: number,
): Promise<readonly PgpSignatureCheck[]> {
  return Promise.all(
    results.map(async ({ keyID, verified, signature }) => {
      const signer = verifiers.find((key) => key.getKeys(keyID).length > 0)
      const good = await verified.then(
        () => true,
        () => false,
      )
      const packet = await signature.then(
        (parsed) => parsed.packets[0],
        () => undefined,
      )
      return {
        state: good ? 'good' : signer ? 'bad' : 'unknown-key',
        keyId: keyID.toHex(),
        fingerprint: good && signer ? signer.getFingerprint() : null,
        signedAt: packet?.created?.getTime() ?? null,
        key: signer ? await keyStateOf(signer, keyID, time) : null,
      } as const
    }),
  )
}

async function keyStateOf(key: Key, keyID: KeyID, time: number): Promise<NonNullable<PgpSignatureCheck['key']>> {
  const date = new Date(time)
  const may = (at: Date | null) =>
    key.getSigningKey(keyID, at, undefined, pgpConfig).then(
      () => true,
      () => false,
    )
  if (await key.isRevoked(undefined, undefined, date, revocationConfig)) return 'revoked'
  if (await may(date)) return 'valid'
  // Usable but for the date (null switches that check off).
  return (await may(null)) ? 'expired' : 'unusable'
}

async function parseMessage(bytes: Buffer): Promise<Message<Uint8Array> | Message<string>> {
  let message: Message<Uint8Array> | Message<string>
  try {
    // Bit 7 is set in every packet header (RFC 9580 4.2) and in no character of an armor.
    message =
      ((bytes[0] ?? 0) & 0x80) !== 0
        ? await readMessage({ binaryMessage: bytes, config: pgpConfig })
        : await readMessage({ armoredMessage: bytes.toString('latin1'), config: pgpConfig })
  } catch (cause) {
    throw new Fault('container-malformed', 'not an OpenPGP message', { cause })
  }
  if (message.getEncryptionKeyIDs().length > MAX_SESSION_KEYS) {
    throw new Fault('container-malformed', `more than ${MAX_SESSION_KEYS} session keys`)
  }
  return message
}

async function parseSignature(bytes: Uint8Array): Promise<Signature> {
  try {
    return ((bytes[0] ?? 0) & 0x80) !== 0
      ? await readSignature({ binarySignature: bytes, config: pgpConfig })
      : await readSignature({ armoredSignature: Buffer.from(bytes).toString('latin1'), config: pgpConfig })
  } catch (cause) {
    throw new Fault('container-malformed', 'not an OpenPGP signature', { cause })
  }
}

/** The sender's keys as far as they can be read: one broken key must not hide what a good one proves. */
async function readKeys(armored: readonly string[]): Promise<Key[]> {
  const keys = await Promise.all(armored.map((text) => publicKeyOf(text).catch(() => null)))
  return keys.filter((key) => key !== null)
}

async function readWhole(source: ByteSource): Promise<Buffer> {
  if (source.size > MAX_READ_BYTES) throw new Fault('message-too-large', 'OpenPGP content is read up to 64 MiB')
  return source.read(0, source.size)
}
