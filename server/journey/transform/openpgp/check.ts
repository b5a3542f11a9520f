/** What signatures over hashed data prove (RFC 9580 5.2): the library decides, the hashes are made beside the stream. */
import {
  type Config,
  createMessage,
  type Key,
  type KeyID,
  readSignature,
  type Signature,
  type SignaturePacket,
  type VerifyMessageResult,
  verify,
} from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import { MAX_SIGNATURES, pgpConfig, revocationConfig, weakConfig } from './config.ts'
import type { Digests, SignatureFields } from './digest.ts'
import { malformed } from './piece-reader.ts'

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
  /** `bad` for one reason only: the hash (SHA-1, MD5) or the key (RSA below 2048 bits) is too weak to prove anything. */
  readonly weak: boolean
}

/** Signature packets as read, in the order in which they stand. */
export interface ReadSignatures {
  readonly signature: Signature
  readonly fields: readonly SignatureFields[]
}

/** Binary document and text (RFC 9580 5.2.1). */
const DATA_TYPES: ReadonlySet<number> = new Set([0, 1])

/** Reads signature packets, binary or armored (lines as latin1). Raises `container-malformed`. */
export async function signaturesOf(bytes: Uint8Array): Promise<ReadSignatures> {
  const signature = await parsed(bytes)
  if (signature.packets.length > MAX_SIGNATURES) throw malformed(`more than ${MAX_SIGNATURES} signatures`)
  // Signatures over keys and types that nobody knows say nothing about data, and the library fails on them as a whole.
  for (let at = signature.packets.length - 1; at >= 0; at -= 1) {
    if (!DATA_TYPES.has(signature.packets[at]?.signatureType ?? -1)) signature.packets.splice(at, 1)
  }
  const fields = signature.packets.map((packet) => ({
    hash: packet.hashAlgorithm ?? 0,
    type: packet.signatureType ?? -1,
    // The library's types do not name it.
    salt: (packet as { salt?: Uint8Array | null }).salt ?? new Uint8Array(),
    version: packet.version,
    signed: packet.signatureData ?? new Uint8Array(),
  }))
  return { signature, fields }
}

async function parsed(bytes: Uint8Array): Promise<Signature> {
  try {
    // Bit 7 is set in every packet header (RFC 9580 4.2) and in no character of an armor.
    return ((bytes[0] ?? 0) & 0x80) !== 0
      ? await readSignature({ binarySignature: bytes, config: pgpConfig })
      : await readSignature({ armoredSignature: Buffer.from(bytes).toString('latin1'), config: pgpConfig })
  } catch (cause) {
    throw malformed('not an OpenPGP signature', { cause })
  }
}

/**
 * Checks signatures over data that passed through `digests`, with the keys of the supposed sender at the time of receipt
 * (epoch ms). A signature that the data were not hashed for is bad.
 */
export async function checked(
  { signature, fields }: ReadSignatures,
  digests: Digests,
  verifiers: readonly Key[],
  time: number,
): Promise<readonly PgpSignatureCheck[]> {
  for (const [at, packet] of signature.packets.entries()) useDigest(packet, digests.of(fields[at]!))
  const results = await verified(signature, verifiers, time, pgpConfig)
  const checks = await Promise.all(results.map((result) => checkOf(result, verifiers, time)))
  if (checks.every(({ state }) => state !== 'bad')) return checks
  const lenient = await verified(signature, verifiers, time, weakConfig)
  const holds = await Promise.all(lenient.map(({ verified: proof }) => succeeds(proof)))
  return checks.map((check, at) => (check.state === 'bad' && holds[at] ? { ...check, weak: true } : check))
}

/** The library takes a digest that is there already, as it does itself for streamed messages; without one it must fail. */
function useDigest(packet: SignaturePacket, digest: Buffer | null): void {
  const wrong = Uint8Array.from(packet.signedHashValue ?? [0, 0], (octet) => octet ^ 0xff)
  ;(packet as { hashed?: Uint8Array }).hashed = digest ?? wrong
}

async function verified(
  signature: Signature,
  verificationKeys: readonly Key[],
  time: number,
  config: Config,
): Promise<VerifyMessageResult['signatures']> {
  const message = await createMessage({ binary: new Uint8Array() })
  const options = { message, signature, verificationKeys: [...verificationKeys], date: new Date(time), config }
  try {
    return (await verify({ ...options, format: 'binary' })).signatures
  } catch (cause) {
    throw new Fault('signature-invalid', '', { cause })
  }
}

async function checkOf(
  { keyID, verified: proof, signature }: VerifyMessageResult['signatures'][number],
  verifiers: readonly Key[],
  time: number,
): Promise<PgpSignatureCheck> {
  const signer = verifiers.find((key) => key.getKeys(keyID).length > 0)
  const good = await succeeds(proof)
  const packet = await signature.then(
    (read) => read.packets[0],
    () => undefined,
  )
  return {
    state: good ? 'good' : signer ? 'bad' : 'unknown-key',
    keyId: keyID.toHex(),
    fingerprint: good && signer ? signer.getFingerprint() : null,
    signedAt: packet?.created?.getTime() ?? null,
    key: signer ? await keyStateOf(signer, keyID, time) : null,
    weak: false,
  }
}

async function keyStateOf(key: Key, keyID: KeyID, time: number): Promise<NonNullable<PgpSignatureCheck['key']>> {
  const date = new Date(time)
  const may = (at: Date | null) => succeeds(key.getSigningKey(keyID, at, undefined, pgpConfig))
  if (await key.isRevoked(undefined, undefined, date, revocationConfig)) return 'revoked'
  if (await may(date)) return 'valid'
  // Usable but for the date (null switches that check off).
  return (await may(null)) ? 'expired' : 'unusable'
}

export async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch {
    return false
  }
}
