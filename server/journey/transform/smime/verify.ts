import { constants, createHash, type Hash, type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../../../../shared/fault/index.ts'
import { Members, readElement } from '../../../keys/asn1/ber-read.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { type AlgorithmIdentifier, algorithmValue, explicit, smallInteger } from '../../../keys/asn1/values.ts'
import { mailAddresses, usableFor } from '../../../keys/certificate.ts'
import { verifyPath } from '../../../keys/path.ts'
import type { VerifiedContent, VerifiedSigner } from './result.ts'
import { readSigned, type Signed, type SignerInfo } from './signed-read.ts'

export interface VerifyOptions {
  readonly anchors: readonly X509Certificate[]
  /** When the certificates must hold, epoch ms: the time of receipt, not the signer's claim. */
  readonly at: number
  /** Certificates known from elsewhere, for signatures that carry none. */
  readonly certificates?: readonly X509Certificate[]
}

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
  const signed = readSigned(readElement(signature, { encoding: 'ber' }))
  if (signed.signers.length === 0) throw invalid('nobody signed')
  // Two contents would let the shown one and the signed one differ.
  if ((signed.content === null) !== (content !== null)) throw invalid('content is there twice or not at all')
  const { digests, first } = await digestsOf(signed, content)
  const signers: VerifiedSigner[] = []
  for (const signer of signed.signers) signers.push(await verifySigner(signed, signer, digests, first, options))
  return {
    signers,
    contentType: signed.contentType,
    certificates: signed.certificates,
    content: signed.content ? Buffer.concat(signed.content) : null,
  }
}

const LARGEST_SIGNATURE = 64 * 1024 * 1024

const invalid = (detail: string, cause?: unknown) =>
  new Fault('signature-invalid', detail, cause === undefined ? {} : { cause })

const DIGESTS: Readonly<Record<string, string>> = {
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

/** All digests the signers need in one pass, and the first octet of the content. */
async function digestsOf(
  signed: Signed,
  content: AsyncIterable<Uint8Array> | null,
): Promise<{ digests: ReadonlyMap<string, Buffer>; first: number | null }> {
  const hashes = new Map<string, Hash>()
  for (const { digest } of signed.signers) {
    const name = DIGESTS[digest]
    if (!name) throw invalid('digest is weak or unknown')
    hashes.set(digest, createHash(name))
  }
  let first: number | null = null
  for await (const chunk of content ?? signed.content ?? []) {
    first ??= chunk[0] ?? null
    for (const hash of hashes.values()) hash.update(chunk)
  }
  return { digests: new Map([...hashes].map(([oid, hash]) => [oid, hash.digest()])), first }
}

async function verifySigner(
  signed: Signed,
  signer: SignerInfo,
  digests: ReadonlyMap<string, Buffer>,
  first: number | null,
  options: VerifyOptions,
): Promise<VerifiedSigner> {
  const pool = [...signed.certificates, ...(options.certificates ?? [])]
  const certificate = pool.find((candidate) => signer.names(candidate))
  if (!certificate) throw new Fault('key-missing', 'the certificate of the signer is not there')
  const digest = digests.get(signer.digest)!
  const { attributes } = signer
  if (attributes) {
    if (!attributes.messageDigest.equals(digest)) throw invalid('the content was altered')
    if (attributes.contentType !== signed.contentType) throw invalid('content type differs')
    const meant = attributes.certificateHash
    if (meant && !meant.equals(createHash('sha256').update(certificate.raw).digest())) {
      throw invalid('signed with another certificate')
    }
  } else if (first === TAG.set) {
    // Signed attributes of an honest signature, passed off as content of one without attributes.
    throw invalid('content looks like signed attributes')
  }
  const scheme = schemeOf(signer, certificate.publicKey)
  const held = attributes
    ? await holds(scheme, attributes.bytes, certificate.publicKey, signer.signature)
    : await holdsOverContent(scheme, signed, certificate.publicKey, signer.signature)
  if (!held) throw invalid('the signature does not fit')
  return {
    certificate,
    addresses: mailAddresses(certificate),
    signedAt: attributes?.signedAt ?? null,
    algorithm: `${scheme.key} ${scheme.hash ?? 'sha512'}`,
    trust:
      usableFor(certificate, null, options.at, 'sign') ?? verifyPath(certificate, pool, options.anchors, options.at),
  }
}

interface Scheme {
  readonly key: 'rsa' | 'rsa-pss' | 'ecdsa' | 'ed25519'
  readonly hash: string | null
  readonly saltLength?: number
}

const SCHEMES: Readonly<Record<string, { key: 'rsa' | 'ecdsa'; hash: string }>> = {
  [OID.rsaSha256]: { key: 'rsa', hash: 'sha256' },
  [OID.rsaSha384]: { key: 'rsa', hash: 'sha384' },
  [OID.rsaSha512]: { key: 'rsa', hash: 'sha512' },
  [OID.ecdsaSha256]: { key: 'ecdsa', hash: 'sha256' },
  [OID.ecdsaSha384]: { key: 'ecdsa', hash: 'sha384' },
  [OID.ecdsaSha512]: { key: 'ecdsa', hash: 'sha512' },
}

/** The scheme a SignerInfo names, which must fit its digest and the kind of the key. */
function schemeOf(signer: SignerInfo, key: KeyObject): Scheme {
  const scheme = named(signer.algorithm, DIGESTS[signer.digest]!)
  const type = key.asymmetricKeyType
  const fits = scheme.key === 'ecdsa' ? type === 'ec' : scheme.key === 'ed25519' ? type === 'ed25519' : type === 'rsa'
  if (!fits) throw invalid('algorithm and key do not belong together')
  return scheme
}

function named({ oid, parameters }: AlgorithmIdentifier, digest: string): Scheme {
  if (oid === OID.rsaEncryption) return { key: 'rsa', hash: digest }
  if (oid === OID.ed25519) return { key: 'ed25519', hash: null }
  const known = SCHEMES[oid]
  if (known) {
    if (known.hash !== digest) throw invalid('two different digests')
    return known
  }
  if (oid !== OID.rsaPss || !parameters) throw invalid('signature algorithm is weak or unknown')
  // RSASSA-PSS-params (RFC 8017 A.2.3); the defaults are SHA-1, so hash and mask must be there.
  const members = new Members(parameters, TAG.sequence)
  const hash = DIGESTS[algorithmValue(explicit(members.take(contextTag(0)), 0)).oid]
  const mask = algorithmValue(explicit(members.take(contextTag(1)), 1))
  const maskHash = mask.oid === OID.mgf1 && mask.parameters ? DIGESTS[algorithmValue(mask.parameters).oid] : null
  const salt = members.optional(contextTag(2))
  members.optional(contextTag(3))
  members.end()
  if (hash !== digest || maskHash !== digest) throw invalid('digest is weak or unknown')
  return { key: 'rsa-pss', hash, saltLength: salt ? smallInteger(explicit(salt, 2)) : 20 }
}

const verifyAsync = promisify<string | null, Uint8Array, Parameters<typeof verify>[2], Buffer, boolean>(verify)

async function holds(scheme: Scheme, data: Buffer, key: KeyObject, signature: Buffer): Promise<boolean> {
  try {
    return scheme.key === 'rsa-pss'
      ? await verifyAsync(
          scheme.hash,
          data,
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength ?? 20 },
          signature,
        )
      : await verifyAsync(scheme.hash, data, key, signature)
  } catch {
    return false
  }
}

/** Without signed attributes the signature is over the content itself, which must then be at hand as a whole. */
async function holdsOverContent(scheme: Scheme, signed: Signed, key: KeyObject, signature: Buffer): Promise<boolean> {
  if (!signed.content) throw invalid('a detached signature without signed attributes is not supported')
  return holds(scheme, Buffer.concat(signed.content), key, signature)
}
