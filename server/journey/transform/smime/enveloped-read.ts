import { Fault } from '../../../../shared/fault/index.ts'
import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import type { Cursor } from '../../../keys/asn1/cursor.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { type AlgorithmIdentifier, algorithmValue, octets, oidValue, smallInteger } from '../../../keys/asn1/values.ts'
import type { ContainerHead } from './long-container.ts'
import { type Recipient, recipientsOf } from './recipient-read.ts'

/** What stands in front of the ciphertext of an EnvelopedData or AuthEnvelopedData; nothing is opened. */
export interface EnvelopedHead {
  readonly recipients: readonly Recipient[]
  readonly cipher: ContentCipher
}

export interface ContentCipher {
  readonly mode: 'cbc' | 'gcm'
  /** `des3` is read only where it is asked for. */
  readonly name: 'aes' | 'des3'
  readonly keyLength: 16 | 24 | 32
  readonly iv: Buffer
  /** Octets of the tag (GCM), else 0. */
  readonly tagLength: number
}

/** What stands behind the ciphertext. */
export interface EnvelopedTail {
  /** GCM only, else empty. */
  readonly tag: Buffer
  /** Authenticated attributes as they enter the AEAD (RFC 5083 2.2), or null. */
  readonly additional: Buffer | null
}

const CIPHERS: Readonly<Record<string, Omit<ContentCipher, 'iv' | 'tagLength'>>> = {
  [OID.aes128Cbc]: { mode: 'cbc', name: 'aes', keyLength: 16 },
  [OID.aes192Cbc]: { mode: 'cbc', name: 'aes', keyLength: 24 },
  [OID.aes256Cbc]: { mode: 'cbc', name: 'aes', keyLength: 32 },
  [OID.aes128Gcm]: { mode: 'gcm', name: 'aes', keyLength: 16 },
  [OID.aes192Gcm]: { mode: 'gcm', name: 'aes', keyLength: 24 },
  [OID.aes256Gcm]: { mode: 'gcm', name: 'aes', keyLength: 32 },
}
const TRIPLE_DES = { mode: 'cbc', name: 'des3', keyLength: 24 } as const

const MOST_RECIPIENTS = 2_000

/** Content ciphers beyond AES. */
export interface Legacy {
  /** Triple DES (RFC 8551 section 2.7 calls it historic): 64-bit blocks and no integrity. */
  readonly tripleDes?: boolean
}

/** Reads what stands in front of the ciphertext. Raises `container-malformed`, also for a cipher that is not opened. */
export function readEnvelopedHead(cursor: Cursor, legacy: Legacy): ContainerHead<EnvelopedHead> {
  cursor.enter(TAG.sequence)
  const type = oidValue(cursor.take())
  const authenticated = type === OID.authEnvelopedData
  if (!authenticated && type !== OID.envelopedData) throw malformed(`content type ${type} is not enveloped data`)
  cursor.enter(contextTag(0))
  cursor.enter(TAG.sequence)
  smallInteger(cursor.take())
  cursor.optional(contextTag(0))
  const recipientInfos = new Members(cursor.take(), TAG.set).rest()
  if (recipientInfos.length > MOST_RECIPIENTS) throw malformed('too many recipients')
  cursor.enter(TAG.sequence)
  // RFC 8551 2.4.3: a MIME entity is id-data; anything else would be handed on as what it is not.
  if (oidValue(cursor.take()) !== OID.data) throw malformed('encrypted content is not a MIME entity')
  const cipher = cipherOf(algorithmValue(cursor.take()), legacy)
  if ((cipher.mode === 'gcm') !== authenticated) throw malformed('cipher and container do not belong together')
  const next = cursor.next()
  if (next === null) throw malformed('no content')
  return {
    value: { recipients: recipientInfos.flatMap(recipientsOf), cipher },
    octets: contextTag(0, 'primitive'),
  }
}

const NO_TAG = Buffer.alloc(0)

/** Reads what stands behind the ciphertext, to the end of the input. Raises `container-malformed`. */
export function readEnvelopedTail(cursor: Cursor, { mode, tagLength }: ContentCipher): EnvelopedTail {
  const authenticated = mode === 'gcm'
  cursor.leave()
  const attributes = authenticated ? cursor.optional(contextTag(1)) : null
  const tag = authenticated ? octets(cursor.take()) : NO_TAG
  if (authenticated && tag.length !== tagLength) throw malformed('tag length')
  cursor.optional(contextTag(authenticated ? 2 : 1))
  cursor.leave()
  cursor.leave()
  cursor.leave()
  if (!cursor.ended()) throw malformed('bytes after the value')
  return { tag, additional: attributes ? asSet(attributes) : null }
}

const malformed = (detail: string) => new Fault('container-malformed', detail)

/** The attributes under their universal tag, as they are hashed or authenticated (RFC 5652 5.4, RFC 5083 2.2). */
export function asSet(attributes: Element): Buffer {
  if (attributes.indefinite) throw malformed('attributes of indefinite length')
  const set = Buffer.from(attributes.bytes)
  set[0] = TAG.set
  return set
}

function cipherOf({ oid, parameters }: AlgorithmIdentifier, { tripleDes }: Legacy): ContentCipher {
  const known = CIPHERS[oid] ?? (oid === OID.tripleDesCbc && tripleDes ? TRIPLE_DES : undefined)
  if (!known || !parameters) throw malformed(`content encryption ${oid} is not opened`)
  if (known.mode === 'cbc') {
    const iv = octets(parameters)
    if (iv.length !== (known.name === 'des3' ? 8 : 16)) throw malformed('IV length')
    return { ...known, iv, tagLength: 0 }
  }
  const members = new Members(parameters, TAG.sequence)
  const iv = octets(members.take())
  // RFC 5084 3.2: 12 octets unless said otherwise, and none less: a forger would guess a shorter one.
  const length = members.optional(TAG.integer)
  const tagLength = length ? smallInteger(length) : 12
  members.end()
  if (tagLength < 12 || tagLength > 16) throw malformed('tag length')
  if (iv.length < 7 || iv.length > 64) throw malformed('nonce length')
  return { ...known, iv, tagLength }
}
