import { createDecipheriv, createSecretKey, type DecipherGCM, type Decipheriv, type KeyObject } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import type { ByteStream } from '../../../ports/bytes.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { SealedSpool } from '../sealed-spool.ts'
import { collect } from './base64.ts'
import {
  type ContentCipher,
  type EnvelopedHead,
  type EnvelopedTail,
  type Legacy,
  readEnvelopedHead,
  readEnvelopedTail,
} from './enveloped-read.ts'
import { LongContainer } from './long-container.ts'
import { recoverContentKey, refuseOnce } from './recipient-open.ts'
import type { Recipient } from './recipient-read.ts'
import type { DecryptedContent, OpenedContent } from './result.ts'
import { holder } from './sign.ts'

/** Largest container that `decryptEnveloped` opens: it is held in memory together with its content, once each. */
export const LARGEST_CONTAINER = 64 * 1024 * 1024

export interface DecryptOptions {
  readonly legacy?: Legacy
  /** Where plaintext of more than 1 MiB waits, sealed, for its integrity; the system's temporary folder when left out. */
  readonly folder?: string
}

/**
 * Opens EnvelopedData or AuthEnvelopedData (RFC 5652 section 6, RFC 5083), DER or BER, of any size in constant memory, with
 * the first identity a recipient names. What is decrypted waits in a `SealedSpool`; nothing of it can be read before the
 * whole content was decrypted and, for GCM, its tag held. `source` yields the container, a second time when authenticated
 * attributes behind the content turn up. The content is the caller's to dispose of.
 *
 * Raises `container-malformed` for what is not such a container (decided from public bytes alone), and `decryption-failed`
 * for everything that depends on a key: no recipient of ours, a key that does not open, a damaged content. The last have
 * one text and one path: a content key that cannot be recovered is replaced by a random one and the work goes on
 * (RFC 3218 2.3.2), so that neither the reply nor its time tells a prober which step failed.
 */
export async function openEnveloped(
  source: ByteStream,
  identities: readonly SmimeIdentity[],
  options: DecryptOptions = {},
): Promise<OpenedContent> {
  const first = await decryptOnce(source, identities, options, null)
  // Attributes stand behind the content and enter the AEAD before it (RFC 5083 2.2): only then is it read twice.
  if (!('additional' in first)) return first
  const second = await decryptOnce(source, identities, options, first.additional)
  if ('additional' in second) throw failed()
  return second
}

/** The same for a container of at most 64 MiB, with its content in memory. Raises `message-too-large` as well. */
export async function decryptEnveloped(
  source: AsyncIterable<Uint8Array>,
  identities: readonly SmimeIdentity[],
  options: DecryptOptions = {},
): Promise<DecryptedContent> {
  const container = await collect(source, LARGEST_CONTAINER)
  const { content: opened, ...rest } = await openEnveloped(() => one(container), identities, options)
  await using content = opened
  return { ...rest, content: await content.read(0, content.size) }
}

async function* one(container: Buffer): AsyncGenerator<Buffer> {
  yield container
}

/** One text for all: see above. */
const failed = (cause?: unknown) => new Fault('decryption-failed', '', cause === undefined ? {} : { cause })

async function decryptOnce(
  source: ByteStream,
  identities: readonly SmimeIdentity[],
  { legacy = {}, folder }: DecryptOptions,
  additional: Buffer | null,
): Promise<OpenedContent | { readonly additional: Buffer }> {
  const container = new LongContainer((cursor) => readEnvelopedHead(cursor, legacy))
  const spool = new SealedSpool(folder)
  let work: Work | null = null
  try {
    for await (const chunk of source()) {
      const pieces = container.push(asBuffer(chunk))
      if (container.head) work ??= begin(container.head, identities, additional)
      for (const piece of pieces) {
        const written = spool.write(work!.decipher.update(piece))
        if (written) await written
      }
    }
    const { pieces, cursor } = container.finish()
    work ??= begin(container.head!, identities, additional)
    for (const piece of pieces) await spool.write(work.decipher.update(piece))
    const tail = readEnvelopedTail(cursor, work.cipher)
    if (tail.additional && !additional) {
      await spool[Symbol.asyncDispose]()
      return { additional: tail.additional }
    }
    return await end(work, tail, spool)
  } catch (error) {
    await spool[Symbol.asyncDispose]()
    throw error
  }
}

interface Work {
  readonly cipher: ContentCipher
  readonly decipher: Decipheriv
  readonly recovered: boolean
  readonly refused: boolean
  readonly recipient: Recipient
  readonly identity: SmimeIdentity
}

function begin(
  { recipients, cipher }: EnvelopedHead,
  identities: readonly SmimeIdentity[],
  additional: Buffer | null,
): Work {
  const found = match(recipients, identities)
  if (!found) throw failed()
  const { recipient, identity } = found
  const { key, recovered, refused } = recoverContentKey(recipient, identity, cipher.keyLength)
  const decipher = decipherOf(cipher, createSecretKey(key), additional)
  key.fill(0)
  return { cipher, decipher, recovered, refused, recipient, identity }
}

function decipherOf(
  { mode, name, keyLength, iv, tagLength }: ContentCipher,
  key: KeyObject,
  additional: Buffer | null,
): Decipheriv {
  if (mode === 'cbc') return createDecipheriv(name === 'des3' ? 'des-ede3-cbc' : `aes-${keyLength * 8}-cbc`, key, iv)
  const decipher = createDecipheriv(`aes-${keyLength * 8}-gcm` as 'aes-256-gcm', key, iv, {
    authTagLength: tagLength,
  })
  if (additional) decipher.setAAD(additional)
  return decipher
}

/** The only place where plaintext becomes readable. Every question is asked whatever the others answered. */
async function end(
  { cipher, decipher, recovered, refused, recipient, identity }: Work,
  { tag }: EnvelopedTail,
  spool: SealedSpool,
): Promise<OpenedContent> {
  const held = await finish(decipher, cipher, tag, spool)
  const content = await spool.release()
  const entity = startsLikeEntity(await content.read(0, Math.min(content.size, 1_000)))
  const authenticated = cipher.mode === 'gcm'
  // A wrong key passes the padding check of CBC once in 256 times; what comes out then is no MIME entity.
  if (!held || !recovered || !(authenticated || entity)) {
    await content[Symbol.asyncDispose]()
    if (!refused) refuseOnce(recipient, identity)
    throw failed()
  }
  const layer = layerOf(cipher, recipient.name, identity)
  return { content, authenticated, certificate: identity.certificate, layer }
}

/** Whether padding (CBC) or tag (GCM) held. */
async function finish(decipher: Decipheriv, cipher: ContentCipher, tag: Buffer, spool: SealedSpool): Promise<boolean> {
  try {
    if (cipher.mode === 'gcm') (decipher as DecipherGCM).setAuthTag(tag)
    const written = spool.write(decipher.final())
    if (written) await written
    return true
  } catch {
    return false
  }
}

function match(recipients: readonly Recipient[], identities: readonly SmimeIdentity[]) {
  for (const identity of identities) {
    const recipient = recipients.find((candidate) => candidate.names(identity.certificate))
    if (recipient) return { recipient, identity }
  }
  return null
}

function layerOf({ mode, name, keyLength }: ContentCipher, recipient: string, { certificate }: SmimeIdentity): string {
  const container = mode === 'gcm' ? 'AuthEnvelopedData' : 'EnvelopedData'
  const cipher = name === 'des3' ? 'Triple DES CBC' : `AES-${keyLength * 8}-${mode.toUpperCase()}`
  return `CMS ${container}, ${cipher}, ${recipient} for ${holder(certificate)}`
}

/**
 * Whether the first line is a whole header field, or the header is empty (RFC 8551 3.1: the content is a MIME entity).
 * Garbage passes with a chance below 1 in 10 million, after the padding's 1 in 256.
 */
function startsLikeEntity(content: Buffer): boolean {
  const colon = nameEnd(content)
  if (colon < 0) return content[0] === CR && content[1] === LF
  const end = content.indexOf(LF, colon)
  for (let at = colon; at < end; at += 1) {
    const octet = content[at]!
    const printable = octet === TAB || (octet >= 0x20 && octet !== 0x7f)
    if (!printable && !(octet === CR && at === end - 1)) return false
  }
  return end > 0
}

const [TAB, LF, CR, SPACE, HYPHEN, COLON] = [0x09, 0x0a, 0x0d, 0x20, 0x2d, 0x3a]

/** Where the colon behind the name of a field stands: 2 to 76 letters, digits and hyphens, then white space; or -1. */
function nameEnd(content: Buffer): number {
  let at = 0
  while (isNameOctet(content[at])) at += 1
  if (at < 2 || at > 76) return -1
  while (content[at] === SPACE || content[at] === TAB) at += 1
  return content[at] === COLON ? at : -1
}

function isNameOctet(octet = 0): boolean {
  const lower = octet | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === HYPHEN
}

const asBuffer = (chunk: Uint8Array) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
