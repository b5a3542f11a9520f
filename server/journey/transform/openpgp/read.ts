import { Fault } from '../../../../shared/fault/index.ts'
import type { ByteSource } from '../../../ports/bytes.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { checked, type PgpSignatureCheck, signaturesOf } from './check.ts'
import { MAX_READ_BYTES } from './config.ts'
import { Digests } from './digest.ts'
import { pgpOpen } from './open.ts'
import { publicKeysOf } from './public-key.ts'

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
  if (source.size > MAX_READ_BYTES) throw new Fault('message-too-large', 'OpenPGP content is read up to 64 MiB')
  const options = { time, most: MAX_READ_BYTES }
  const { content, signatures } = await pgpOpen(source.stream(), identities, verificationKeys, options)
  try {
    return { content: await content.read(0, content.size), signatures }
  } finally {
    await content[Symbol.asyncDispose]()
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
  const read = await signaturesOf(signature)
  const digests = new Digests(read.fields)
  for await (const piece of signed.stream()) digests.update(piece)
  return checked(read, digests, await publicKeysOf(keys), time)
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
