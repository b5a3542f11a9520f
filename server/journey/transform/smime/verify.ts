import { createHash, type Hash, type X509Certificate } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { readElement } from '../../../keys/asn1/ber-read.ts'
import { TAG } from '../../../keys/asn1/der.ts'
import { mailAddresses, usableFor } from '../../../keys/certificate.ts'
import { verifyingPath } from '../../../keys/path.ts'
import type { ByteSource, ByteStream, OpenByteSource } from '../../../ports/bytes.ts'
import type { RevocationLists } from '../../../ports/keyring.ts'
import { inTurns } from '../../../threads/turn.ts'
import { SealedSpool } from '../sealed-spool.ts'
import { LongContainer } from './long-container.ts'
import type { VerifiedContent, VerifiedOpaque, VerifiedSigner } from './result.ts'
import { type CheckScheme, DIGESTS, holds, holdsOver, schemeOf } from './signature-check.ts'
import {
  readingSigned,
  readingSignedTail,
  readSignedHead,
  type SignedHead,
  type SignedTail,
  type SignerInfo,
} from './signed-read.ts'

export interface VerifyOptions {
  readonly anchors: readonly X509Certificate[]
  /** When the certificates must hold, epoch ms: the time of receipt, not the signer's claim. */
  readonly at: number
  /** Certificates known from elsewhere, for signatures that carry none. */
  readonly certificates?: readonly X509Certificate[]
  /** What authorities say of certificates they issued; none are asked when left out. */
  readonly lists?: RevocationLists
  /** Where content of more than 1 MiB waits, sealed; the system's temporary folder when left out. */
  readonly folder?: string
}

/** Largest SignedData that is taken as one buffer, and largest content a signature that does not hash is checked over. */
const LARGEST_SIGNATURE = 64 * 1024 * 1024

/**
 * Verifies a SignedData, DER or BER of at most 64 MiB. `content` is the exact first part of a multipart/signed (header,
 * empty line, body, without the CRLF in front of the delimiter) and is streamed; leave it out for opaque signed-data.
 *
 * Answers only when every signature in it holds mathematically; `trust` of each signer says whether to believe it.
 * Raises `signature-invalid` (content altered, signature wrong, weak digest, no signer, both or neither content given),
 * `key-missing` when the signer's certificate is nowhere, `container-malformed`, `message-too-large`.
 */
export async function verifySigned(
  signature: Uint8Array,
  content: AsyncIterable<Uint8Array> | null,
  options: VerifyOptions,
): Promise<VerifiedContent> {
  if (signature.length > LARGEST_SIGNATURE) throw new Fault('message-too-large', 'signed data above 64 MiB')
  if (!content) {
    const { content: opened, ...rest } = await openSigned(() => one(signature), options)
    await using held = opened
    return { ...rest, content: await held.read(0, held.size) }
  }
  const signed = await inTurns(readingSigned(readElement(signature, { encoding: 'ber' })))
  // Two contents would let the shown one and the signed one differ.
  if (!signed.detached) throw invalid('content is there twice')
  const digests = new Digests(signed.signers.map(({ digest }) => digest))
  for await (const chunk of content) digests.update(chunk)
  const signers = await verifySigners(signed, digests, null, options)
  return { signers, contentType: signed.contentType, certificates: signed.certificates, content: null }
}

/**
 * Verifies opaque signed-data of any size in constant memory: the content waits in a `SealedSpool` and is readable only
 * after every signature held. `source` yields the container once. Answers and faults as above; the content is the
 * caller's to dispose of.
 */
export async function openSigned(source: ByteStream, options: VerifyOptions): Promise<VerifiedOpaque> {
  const container = new LongContainer(readSignedHead)
  const spool = new SealedSpool(options.folder)
  let content: OpenByteSource | null = null
  try {
    let digests: Digests | null = null
    const take = async (pieces: readonly Buffer[], head: SignedHead) => {
      if (head.detached) throw invalid('no content')
      digests ??= new Digests(head.digests)
      for (const piece of pieces) {
        digests.update(piece)
        // The pieces are views of what the source may use again.
        await spool.write(Buffer.from(piece))
      }
    }
    for await (const chunk of source()) {
      const pieces = container.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      if (container.head) await take(pieces, container.head)
    }
    const { pieces, cursor } = container.finish()
    const head = container.head!
    await take(pieces, head)
    const signed = { ...head, ...(await inTurns(readingSignedTail(cursor, head))) }
    content = await spool.release()
    const signers = await verifySigners(signed, digests!, content, options)
    return { signers, contentType: signed.contentType, certificates: signed.certificates, content }
  } catch (error) {
    await (content ?? spool)[Symbol.asyncDispose]()
    throw error
  }
}

async function* one(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}

const invalid = (detail: string) => new Fault('signature-invalid', detail)

/** All digests that are needed in one pass, and the first octet of the content. */
class Digests {
  first: number | null = null
  readonly #hashes = new Map<string, Hash>()
  readonly #results = new Map<string, Buffer>()

  /** Digests that are weak or unknown are passed over: no signer with one of them is believed. */
  constructor(oids: readonly string[]) {
    for (const oid of oids) {
      const name = DIGESTS[oid]
      if (name) this.#hashes.set(oid, createHash(name))
    }
  }

  update(chunk: Uint8Array): void {
    this.first ??= chunk[0] ?? null
    for (const hash of this.#hashes.values()) hash.update(chunk)
  }

  of(oid: string): Buffer {
    const known = this.#results.get(oid) ?? this.#hashes.get(oid)?.digest()
    if (!known) throw invalid('digest is weak, unknown or not announced')
    this.#results.set(oid, known)
    return known
  }
}

type Signed = SignedHead & SignedTail

async function verifySigners(
  signed: Signed,
  digests: Digests,
  content: ByteSource | null,
  options: VerifyOptions,
): Promise<readonly VerifiedSigner[]> {
  if (signed.signers.length === 0) throw invalid('nobody signed')
  const signers: VerifiedSigner[] = []
  for (const signer of signed.signers) signers.push(await verifySigner(signed, signer, digests, content, options))
  return signers
}

async function verifySigner(
  signed: Signed,
  signer: SignerInfo,
  digests: Digests,
  content: ByteSource | null,
  options: VerifyOptions,
): Promise<VerifiedSigner> {
  const digest = digests.of(signer.digest)
  const pool = [...signed.certificates, ...(options.certificates ?? [])]
  const certificate = pool.find((candidate) => signer.names(candidate))
  if (!certificate) throw new Fault('key-missing', 'the certificate of the signer is not there')
  const { attributes } = signer
  if (attributes) {
    if (!attributes.messageDigest.equals(digest)) throw invalid('the content was altered')
    if (attributes.contentType !== signed.contentType) throw invalid('content type differs')
    const meant = attributes.certificateHash
    if (meant && !meant.equals(createHash('sha256').update(certificate.raw).digest())) {
      throw invalid('signed with another certificate')
    }
  } else if (digests.first === TAG.set) {
    // Signed attributes of an honest signature, passed off as content of one without attributes.
    throw invalid('content looks like signed attributes')
  }
  const scheme = schemeOf(signer, certificate.publicKey)
  const held = attributes
    ? await holds(scheme, attributes.bytes, certificate.publicKey, signer.signature)
    : await holdsOverContent(scheme, content, certificate, signer.signature)
  if (!held) throw invalid('the signature does not fit')
  return {
    certificate,
    addresses: mailAddresses(certificate),
    signedAt: attributes?.signedAt ?? null,
    algorithm: `${scheme.key} ${scheme.hash ?? DIGESTS[signer.digest]}`,
    capabilities: attributes?.capabilities ?? [],
    trust:
      usableFor(certificate, null, options.at, 'sign') ??
      (await inTurns(verifyingPath(certificate, pool, options.anchors, options.at, options.lists))),
  }
}

/** Without signed attributes the signature is over the content itself, which must then be at hand. */
async function holdsOverContent(
  scheme: CheckScheme,
  content: ByteSource | null,
  { publicKey }: X509Certificate,
  signature: Buffer,
): Promise<boolean> {
  if (!content) throw invalid('a detached signature without signed attributes is not supported')
  if (scheme.hash !== null) return holdsOver(scheme, content.stream(), publicKey, signature)
  if (content.size > LARGEST_SIGNATURE) throw invalid('too large to be signed without attributes')
  return holds(scheme, await content.read(0, content.size), publicKey, signature)
}
