import { createCipheriv, createSecretKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import type { Entity, HeaderField } from '../../../mime/entity.ts'
import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { freshBytes } from '../fresh-bytes.ts'
import { base64Lines, pieces } from './base64.ts'
import { contentOf, splitHeader } from './content-header.ts'
import { describeRecipient, envelopedVersion, type KeyTransport, recipientInfo } from './recipient-info.ts'
import { holder, pkcs7Header } from './sign.ts'
import { PIECE } from './signed-data.ts'

export interface EncryptOptions {
  /**
   * `cbc` (default): EnvelopedData with AES-256-CBC, which every S/MIME reader opens. `gcm`: AuthEnvelopedData with
   * AES-256-GCM (RFC 5083, RFC 8551), which Outlook does not open; only for a peer known to read it. CBC has no
   * integrity of its own, so sign before encrypting.
   */
  readonly content?: 'gcm' | 'cbc'
  /**
   * RSA recipients. `oaep` (default): RSAES-OAEP with SHA-256 (RFC 8551 SHOULD+, demanded by BSI TR-03116-4). `pkcs1`:
   * for readers that know nothing else. Other keys get what is theirs in either case: ECDH, X25519, ML-KEM.
   */
  readonly keyTransport?: KeyTransport
  /** Header fields that stand in front of the Content-* fields inside (RFC 9788). */
  readonly inside?: readonly HeaderField[]
}

/** Sanity bound: one RecipientInfo takes some 500 bytes and an RSA operation. */
const MOST_RECIPIENTS = 1_000

/**
 * Encrypts an entity to all certificates (RFC 8551 3.3, 3.4). Content-* fields move inside; all others, the Subject too,
 * stay readable outside. Streaming BER of indefinite length in constant memory; `once`, because key and IV are fresh.
 *
 * Whether a certificate may be used (validity, address, trust) is the caller's question (`Keyring.certificate`); only a
 * kind of key that cannot receive raises `certificate-unusable`, before anything is written. A name in RecipientInfo
 * shows each recipient all others: Bcc recipients get their own copy.
 */
export function encryptEntity(
  entity: Entity,
  certificates: readonly X509Certificate[],
  options: EncryptOptions = {},
): Entity {
  const { inner, outer } = splitHeader(entity, options.inside)
  const written = envelopeTo(certificates, options)
  let started = false
  return {
    header: [...outer, ...pkcs7Header(options.content === 'gcm' ? 'authEnveloped-data' : 'enveloped-data')],
    once: true,
    body() {
      if (started) throw new Fault('internal', 'an encrypted body is produced once')
      started = true
      return base64Lines(written(contentOf(inner, entity)))
    },
  }
}

/**
 * The container alone, without MIME around it: takes the certificates now and the content when it comes. Key and IV are
 * fresh for each content. Faults as above, before any content is asked for.
 */
export function envelopeTo(
  certificates: readonly X509Certificate[],
  { content = 'cbc', keyTransport = 'oaep' }: EncryptOptions = {},
): (content: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer> {
  if (certificates.length === 0) throw new Fault('key-missing', 'no certificate to encrypt to')
  if (certificates.length > MOST_RECIPIENTS) throw new Fault('too-many-recipients', 'in one encrypted copy')
  const readers = { certificates, keyTransport, version: envelopedVersion(certificates) }
  const envelope = content === 'gcm' ? authEnvelopedData : envelopedData
  return (source) => envelope(readers, source)
}

/** One line for `Receipt.layers`. */
export function describeEncryption(certificates: readonly X509Certificate[], options: EncryptOptions = {}): string {
  const { content = 'cbc', keyTransport = 'oaep' } = options
  const container = content === 'gcm' ? 'CMS AuthEnvelopedData, AES-256-GCM' : 'CMS EnvelopedData, AES-256-CBC'
  const recipients = certificates.map(
    (certificate) => `${describeRecipient(certificate, keyTransport)} for ${holder(certificate)}`,
  )
  return [container, ...recipients].join(', ')
}

interface Readers {
  readonly certificates: readonly X509Certificate[]
  readonly keyTransport: KeyTransport
  /** Of an EnvelopedData to them. */
  readonly version: number
}

/** A fresh content key and the SET of RecipientInfo that gives it. A thousand take 0.1 s and more: others have their turn in between. */
async function freshKey({ certificates, keyTransport }: Readers): Promise<{ key: KeyObject; recipients: Buffer }> {
  const octets = freshBytes(32)
  const infos: Buffer[] = []
  for (const certificate of certificates) {
    if (infos.length > 0 && turnIsOver()) await othersTurn()
    infos.push(recipientInfo(certificate, octets, keyTransport))
  }
  // A key object in place of octets spares node:crypto two exceptions, 7 µs.
  const key = createSecretKey(octets)
  octets.fill(0)
  return { key, recipients: der.setOf(...infos) }
}

type Envelope = (readers: Readers, content: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer>

/** EnvelopedData (RFC 5652 section 6). */
const envelopedData: Envelope = async function* (readers, content) {
  const { key, recipients } = await freshKey(readers)
  const iv = freshBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  yield opening(OID.envelopedData, readers.version, recipients, der.algorithm(OID.aes256Cbc, der.octetString(iv)))
  for await (const piece of pieces(content, PIECE)) yield* octets(cipher.update(piece))
  yield* octets(cipher.final())
  yield Buffer.concat([der.END, der.END, ...CLOSING])
}

/** AuthEnvelopedData (RFC 5083 section 2, RFC 5084 3.2): version 0, the tag behind the content. */
const authEnvelopedData: Envelope = async function* (readers, content) {
  const { key, recipients } = await freshKey(readers)
  const nonce = freshBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const parameters = der.sequence(der.octetString(nonce), der.integer(16))
  yield opening(OID.authEnvelopedData, 0, recipients, der.algorithm(OID.aes256Gcm, parameters))
  for await (const piece of pieces(content, PIECE)) yield* octets(cipher.update(piece))
  yield* octets(cipher.final())
  yield Buffer.concat([der.END, der.END, der.octetString(cipher.getAuthTag()), ...CLOSING])
}

const CLOSING = [der.END, der.END, der.END]

/** Everything up to the first piece of ciphertext. */
function opening(type: string, version: number, recipients: Buffer, algorithm: Buffer): Buffer {
  return Buffer.concat([
    der.open(der.TAG.sequence),
    der.oid(type),
    der.open(der.contextTag(0)),
    der.open(der.TAG.sequence),
    der.integer(version),
    recipients,
    der.open(der.TAG.sequence),
    der.oid(OID.data),
    algorithm,
    der.open(der.contextTag(0)),
  ])
}

function* octets(content: Buffer): Generator<Buffer> {
  if (content.length === 0) return
  yield der.header(der.TAG.octetString, content.length)
  yield content
}
