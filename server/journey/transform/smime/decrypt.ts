import { createDecipheriv, randomBytes } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { readElement } from '../../../keys/asn1/ber-read.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { collect } from './base64.ts'
import { type ContentCipher, type Enveloped, type Recipient, readEnveloped } from './enveloped-read.ts'
import { recoverContentKey } from './recipient-open.ts'
import type { DecryptedContent } from './result.ts'
import { holder } from './sign.ts'

/** Largest container that is opened: it is held in memory together with its content, once each. */
export const LARGEST_CONTAINER = 64 * 1024 * 1024

/**
 * Opens EnvelopedData or AuthEnvelopedData (RFC 5652 section 6, RFC 5083), DER or BER, with the first identity a
 * recipient names. Nothing is released before the whole content was decrypted and, for GCM, its tag held.
 *
 * Raises `message-too-large` above 64 MiB, `container-malformed` for what is not such a container (decided from public
 * bytes alone), and `decryption-failed` for everything that depends on a key: no recipient of ours, a key that does not
 * open, a damaged content. The last have one text and one path: a content key that cannot be recovered is replaced by a
 * random one and the work goes on (RFC 3218 2.3.2), so that no reply tells a prober which step failed.
 */
export async function decryptEnveloped(
  source: AsyncIterable<Uint8Array>,
  identities: readonly SmimeIdentity[],
): Promise<DecryptedContent> {
  const container = await collect(source, LARGEST_CONTAINER)
  const enveloped = readEnveloped(readElement(container, { encoding: 'ber' }))
  const found = match(enveloped.recipients, identities)
  if (!found) throw failed()
  const key =
    recoverContentKey(found.recipient, found.identity, enveloped.cipher.keyLength) ??
    randomBytes(enveloped.cipher.keyLength)
  return {
    content: decryptContent(enveloped, key),
    authenticated: enveloped.cipher.mode === 'gcm',
    certificate: found.identity.certificate,
    layer: layerOf(enveloped.cipher, found.recipient.name, found.identity),
  }
}

function match(recipients: readonly Recipient[], identities: readonly SmimeIdentity[]) {
  for (const identity of identities) {
    const recipient = recipients.find((candidate) => candidate.names(identity.certificate))
    if (recipient) return { recipient, identity }
  }
  return null
}

function layerOf({ mode, keyLength }: ContentCipher, recipient: string, { certificate }: SmimeIdentity): string {
  const container = mode === 'gcm' ? 'AuthEnvelopedData' : 'EnvelopedData'
  return `CMS ${container}, AES-${keyLength * 8}-${mode.toUpperCase()}, ${recipient} for ${holder(certificate.subject)}`
}

/** One text for all: see above. */
const failed = (cause?: unknown) => new Fault('decryption-failed', '', cause === undefined ? {} : { cause })

function decryptContent({ cipher, pieces, tag, additional }: Enveloped, key: Buffer): Buffer {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const content = Buffer.allocUnsafe(size + 16)
  let at = 0
  const keep = (part: Buffer) => {
    at += part.copy(content, at)
  }
  try {
    if (cipher.mode === 'gcm') {
      const decipher = createDecipheriv(`aes-${cipher.keyLength * 8}-gcm` as 'aes-256-gcm', key, cipher.iv, {
        authTagLength: tag.length,
      })
      decipher.setAuthTag(tag)
      if (additional) decipher.setAAD(additional)
      for (const piece of pieces) keep(decipher.update(piece))
      keep(decipher.final())
    } else {
      const decipher = createDecipheriv(`aes-${cipher.keyLength * 8}-cbc`, key, cipher.iv)
      for (const piece of pieces) keep(decipher.update(piece))
      keep(decipher.final())
      // A wrong key passes the padding check once in 256 times; what comes out then is no MIME entity.
      if (!startsLikeEntity(content.subarray(0, at))) throw failed()
    }
  } catch (cause) {
    content.fill(0)
    throw failed(cause)
  }
  return content.subarray(0, at)
}

/**
 * Whether the first line is a whole header field, or the header is empty (RFC 8551 3.1: the content is a MIME entity).
 * Garbage passes with a chance below 1 in 10 million, after the padding's 1 in 256.
 */
function startsLikeEntity(content: Buffer): boolean {
  const first = content.subarray(0, 1_000).toString('latin1')
  return first.startsWith('\r\n') || /^[A-Za-z0-9-]{2,76}[ \t]*:[\t\x20-\x7e\x80-\xff]*\r?\n/.test(first)
}
