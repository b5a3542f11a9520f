import type { LayerKind, LayerState } from '../../../../shared/domain/index.ts'
import { Fault, type FaultCode } from '../../../../shared/fault/index.ts'
import { readElement } from '../../../keys/asn1/ber-read.ts'
import { fingerprint } from '../../../keys/certificate.ts'
import type { Harvest } from '../../../keys/harvest.ts'
import { decodedBody } from '../../../mime/decode.ts'
import { indexMime, type MimeIndex } from '../../../mime/index-mime.ts'
import type { ByteSource, ByteStream } from '../../../ports/bytes.ts'
import type { VerificationKeys } from '../../../ports/keyring.ts'
import { pgpCheckSignature, pgpOpen, type Unpacking } from '../openpgp/index.ts'
import type { Legacy } from '../smime/enveloped-read.ts'
import {
  collect,
  openEnveloped,
  openSigned as openSignedData,
  splitSigned,
  type VerifiedContent,
  verifySigned,
} from '../smime/index.ts'
import { readSigned } from '../smime/signed-read.ts'
import { type Container, cmsType } from './container.ts'
import { judgePgp, judgeSmime, layerOf } from './judge.ts'
import type { OpenKeys } from './keys.ts'
import { rangeOf } from './range.ts'
import type { OpenedLayer } from './result.ts'

/** An entity on the way inwards. */
export interface Inside {
  readonly source: ByteSource
  readonly index: MimeIndex
}

export interface Opening {
  readonly keys: Pick<OpenKeys, 'smime' | 'pgp' | 'anchors'>
  /** What is known for the sender. */
  readonly sender: VerificationKeys
  readonly revoked: ReadonlySet<string>
  readonly from: string | null
  /** Epoch ms. */
  readonly at: number
  /** Ciphers that are too weak to be opened without being asked. */
  readonly legacy: Legacy
  /** What may still come out of compression. */
  readonly unpacking: Unpacking
}

/** What one container gave: its layers from the outside in, and what it held; null: nothing is released. */
export interface Opened {
  readonly layers: readonly OpenedLayer[]
  readonly inner: ByteSource | null
  /** Where it lies; the reader's to dispose of. */
  readonly held?: AsyncDisposable
  /** Of a good signer. */
  readonly harvest?: Harvest | null
}

const LARGEST_SIGNATURE = 1_048_576
const NOTHING = Buffer.alloc(0)
const SMIME_SIGNATURE = /^application\/(x-)?pkcs7-signature$/
const PGP_SIGNATURE = 'application/pgp-signature'
const ENTITY = '1.2.840.113549.1.7.1'

const closed = (layer: OpenedLayer): Opened => ({ layers: [layer], inner: null })

/** Opens one container. Faults of the mail become states; only what is no fault of the mail is raised. */
export function openContainer(container: Container, inside: Inside, opening: Opening): Promise<Opened> {
  switch (container) {
    case 'cms':
      return openCms(inside, opening)
    case 'signed':
      return openSigned(inside, opening)
    case 'pgp-encrypted':
      return openPgp(inside, opening)
    case 'unclear':
      return Promise.resolve(closed(layerOf(kindByName(inside), 'broken')))
  }
}

function kindByName({ index }: Inside): LayerKind {
  const signed = index.root.type === 'multipart/signed'
  const pgp = /pgp/i.test(index.root.parameters.get('protocol') ?? '')
  if (signed) return pgp ? 'pgp-signed' : 'smime-signed'
  return pgp ? 'pgp-encrypted' : 'smime-other'
}

async function openCms({ source, index }: Inside, opening: Opening): Promise<Opened> {
  const smimeType = (index.root.parameters.get('smime-type') ?? '').toLowerCase()
  if (smimeType === 'certs-only') return closed(layerOf('smime-other', 'not-opened'))
  const der = () => decodedBody(source, index.root)
  const type = cmsType(await beginning(der())) ?? (smimeType === 'signed-data' ? 'signed' : 'encrypted')
  if (type === 'other') return closed(layerOf('smime-other', 'not-opened'))
  return type === 'signed' ? openOpaque(der, opening) : openEncrypted(der, opening)
}

/** The first octets; a stream is at liberty to give them one by one. */
async function beginning(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    kept.push(piece)
    size += piece.length
    if (size >= 32) break
  }
  return Buffer.concat(kept)
}

async function openEncrypted(der: ByteStream, { keys, legacy }: Opening): Promise<Opened> {
  const opened = await orFault(openEnveloped(der, keys.smime, { legacy }))
  if (opened instanceof Fault) return closed(layerOf('smime-encrypted', 'undecryptable'))
  const state = opened.authenticated ? 'decrypted' : 'no-integrity'
  // Without whose key it was: that is known from whom it was opened for, and people with a key each share what came out.
  const algorithm = opened.layer.replace(/ for .*$/s, '')
  const layers = [layerOf('smime-encrypted', state, { algorithm })]
  return { layers, inner: opened.content, held: opened.content }
}

async function openOpaque(der: ByteStream, opening: Opening): Promise<Opened> {
  const { anchors } = opening.keys
  const { certificates } = opening.sender
  const verified = await orFault(openSignedData(der, { anchors, at: opening.at, certificates, ...listsOf(opening) }))
  if (verified instanceof Fault) {
    const small = await orFault(collect(der(), LARGEST_SIGNATURE))
    return closed(layerOf('smime-signed', unverified(verified.code, small instanceof Fault ? NOTHING : small)))
  }
  const { content } = verified
  if (verified.contentType !== ENTITY) {
    return { ...closed(layerOf('smime-signed', 'not-opened')), held: content }
  }
  const layer = await judgeSmime(verified, anchors, opening)
  return { layers: [layer], inner: content, held: content, harvest: harvestOf(verified, layer) }
}

const listsOf = ({ sender: { lists } }: Opening) => (lists ? { lists } : {})

async function openSigned(inside: Inside, opening: Opening): Promise<Opened> {
  const { source } = inside
  const { root } = inside.index
  const boundary = root.parameters.get('boundary')?.trimEnd() ?? ''
  const parts = await orFault(splitSigned(source, boundary, root.bodyStart, root.bodyEnd))
  if (parts instanceof Fault) return closed(layerOf(kindByName(inside), 'broken'))
  const content = rangeOf(source, parts.content.start, parts.content.end)
  const part = rangeOf(source, parts.signature.start, parts.signature.end)
  const partIndex = await orFault(indexMime(part))
  if (partIndex instanceof Fault) return closed(layerOf(kindByName(inside), 'broken'))
  const signature = await signatureOf(part, partIndex.root)
  const { type } = partIndex.root
  const protocol = (root.parameters.get('protocol') ?? type).toLowerCase()
  if (signature !== null && SMIME_SIGNATURE.test(type) && SMIME_SIGNATURE.test(protocol)) {
    return openSmimeSigned(content, signature, opening)
  }
  if (signature !== null && type === PGP_SIGNATURE && protocol === PGP_SIGNATURE) {
    return openPgpSigned(content, signature, opening)
  }
  return closed(layerOf(kindByName(inside), 'broken'))
}

async function openSmimeSigned(content: ByteSource, signature: Buffer, opening: Opening): Promise<Opened> {
  const { anchors } = opening.keys
  const { certificates } = opening.sender
  const verified = await orFault(
    verifySigned(signature, content.stream(), { anchors, at: opening.at, certificates, ...listsOf(opening) }),
  )
  if (verified instanceof Fault) {
    const state = unverified(verified.code, signature)
    // Whoever reads the mail without us reads this content too; a broken one is not ours to hand on.
    return { layers: [layerOf('smime-signed', state)], inner: state === 'broken' || state === 'weak' ? null : content }
  }
  if (verified.contentType !== ENTITY) return closed(layerOf('smime-signed', 'not-opened'))
  const layer = await judgeSmime(verified, anchors, opening)
  return { layers: [layer], inner: content, harvest: harvestOf(verified, layer) }
}

async function openPgpSigned(content: ByteSource, signature: Buffer, opening: Opening): Promise<Opened> {
  const checks = await orFault(pgpCheckSignature(content, signature, opening.sender.pgp, { time: opening.at }))
  if (checks instanceof Fault) {
    const state = checks.code === 'message-too-large' ? 'not-opened' : 'broken'
    return closed(layerOf('pgp-signed', state))
  }
  const layer = judgePgp(checks, opening)
  return { layers: [layer], inner: proves(layer) ? content : null }
}

/** RFC 3156 section 4: two parts, a version and the message. */
async function openPgp({ source, index }: Inside, opening: Opening): Promise<Opened> {
  const [version, message, ...more] = index.root.children
  if (version?.type !== 'application/pgp-encrypted' || !message || more.length > 0 || message.shape !== 'leaf') {
    return closed(layerOf('pgp-encrypted', 'undecryptable'))
  }
  return openPgpMessage(decodedBody(source, message), opening)
}

/** An encrypted OpenPGP message, and the signatures that are inside of it. */
export async function openPgpMessage(message: AsyncIterable<Uint8Array>, opening: Opening): Promise<Opened> {
  const options = { time: opening.at, unpacking: opening.unpacking }
  const opened = await orFault(pgpOpen(message, opening.keys.pgp, opening.sender.pgp, options))
  if (opened instanceof Fault) return closed(layerOf('pgp-encrypted', 'undecryptable'))
  const { content, protection, signatures } = opened
  const state = protection === 'none' ? 'no-integrity' : 'decrypted'
  const encrypted = layerOf('pgp-encrypted', state, { algorithm: `OpenPGP, ${protection}` })
  if (signatures.length === 0) return { layers: [encrypted], inner: content, held: content }
  const signed = judgePgp(signatures, opening)
  return { layers: [encrypted, signed], inner: proves(signed) ? content : null, held: content }
}

/** What is known to be altered, or signed so that anybody could have altered it, is not released as content. */
export const proves = ({ state }: OpenedLayer): boolean => state !== 'broken' && state !== 'weak'

/** Decoded body of a signature part, null where it is larger than any. */
async function signatureOf(source: ByteSource, part: MimeIndex['root']): Promise<Buffer | null> {
  const body = await orFault(collect(decodedBody(source, part), LARGEST_SIGNATURE))
  return body instanceof Fault ? null : body
}

function unverified(code: FaultCode, der: Uint8Array): LayerState {
  if (code === 'key-missing') return 'unknown-signer'
  if (code === 'message-too-large') return 'not-opened'
  return code === 'signature-invalid' && overWeakDigest(der) ? 'weak' : 'broken'
}

/** SHA-1 and MD5: a signature over them is not looked at, it proves nothing either way. */
const WEAK: ReadonlySet<string> = new Set(['1.3.14.3.2.26', '1.2.840.113549.2.5'])

function overWeakDigest(der: Uint8Array): boolean {
  try {
    const { signers } = readSigned(readElement(der, { encoding: 'ber' }))
    return signers.length > 0 && signers.every(({ digest }) => WEAK.has(digest))
  } catch {
    return false
  }
}

/** Of a good signature: its certificate, what came along for the path, and what the signer's program can do. */
function harvestOf(
  { signers, certificates }: Pick<VerifiedContent, 'signers' | 'certificates'>,
  layer: OpenedLayer,
): Harvest | null {
  const signer = signers.find(({ certificate }) => fingerprint(certificate) === layer.signer?.fingerprint)
  if (layer.state !== 'good' || !signer) return null
  const { certificate, capabilities } = signer
  return { certificates: [certificate, ...certificates.filter((one) => one !== certificate && one.ca)], capabilities }
}

/** Faults that the mail itself is to blame for; whatever else is thrown goes on. */
const OF_THE_MAIL: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'certificate-unusable',
  'container-malformed',
  'decryption-failed',
  'header-too-large',
  'key-missing',
  'key-unusable',
  'message-too-large',
  'mime-malformed',
  'mime-too-complex',
  'signature-invalid',
])

/** The outcome, or the fault of the mail; anything else (a source that cannot be read) is raised. */
export async function orFault<T>(work: Promise<T>): Promise<T | Fault> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Fault && OF_THE_MAIL.has(error.code)) return error
    throw error
  }
}
