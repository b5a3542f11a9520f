/**
 * Protected data opened (RFC 9580 5.13), all of it before anything is believed: what comes out goes to a private spool, and
 * the answer at the end says whether it may be looked at. The work is the same whether it may or not.
 */
import { createDecipheriv, createHash, hkdfSync, timingSafeEqual } from 'node:crypto'
import { letGo } from '../let-go.ts'
import type { SealedSpool } from '../sealed-spool.ts'
import { CfbDecryption } from './cfb.ts'
import { type Cipher, cipherById } from './ciphers.ts'
import { openEax } from './eax.ts'
import { PACKET } from './packet.ts'
import { malformed, PieceReader } from './piece-reader.ts'
import { type FoundKey, randomKey } from './session-key.ts'

const TAG = 16
const CODE = 22
const PREFIX = 18
/** Decrypted at once: other people's partial lengths are 8 KiB, and each piece costs calls of its own. */
const BATCH = 65_536
/** Room for the code, so that what follows lies in words as what is decrypted into it: prefix and code leave half a block open. */
const HELD = 32
/** 4 MiB, the most RFC 9580 5.13.2 allows; one chunk is held. */
const MAX_CHUNK_OCTET = 16

/** Octets of the nonce by AEAD algorithm (9.6). */
const NONCE: Readonly<Record<number, number>> = { 1: 16, 2: 15, 3: 12 }
const EAX = 1
const MODES: Readonly<Record<number, 'ocb' | 'gcm'>> = { 2: 'ocb', 3: 'gcm' }

/** In words, for reports. */
export type Protection = 'SEIPD version 1' | 'SEIPD version 2' | 'AEAD (before RFC 9580)' | 'none'

export interface Unsealed {
  /** False: nothing of the spool may be used. */
  readonly whole: boolean
  readonly protection: Protection
}

/** Which session keys fit a packet: version 6 ones belong to version 2 and nothing else does (10.3.2.1). */
export type KeyFor = (version: 3 | 6) => FoundKey | null

/** Opens the body of a packet of encrypted data into a spool. Raises `container-malformed` for what is seen without a key. */
export async function unseal(
  tag: number,
  body: AsyncIterable<Buffer>,
  keyFor: KeyFor,
  spool: SealedSpool,
): Promise<Unsealed> {
  const reader = new PieceReader(body)
  if (tag === PACKET.unprotectedData) return unprotected(reader)
  const version = await reader.byte()
  if (tag === PACKET.aeadData) {
    if (version !== 1) throw malformed('AEAD data of an unknown version')
    return { whole: await withEarlyAead(reader, keyFor(3), spool), protection: 'AEAD (before RFC 9580)' }
  }
  if (version === 1) return { whole: await withCode(reader, keyFor(3), spool), protection: 'SEIPD version 1' }
  if (version === 2) return { whole: await withAead(reader, keyFor(6), spool), protection: 'SEIPD version 2' }
  throw malformed('protected data of an unknown version')
}

/** Data without integrity protection (5.7) are read to their end and never opened: anybody could have altered them. */
async function unprotected(reader: PieceReader): Promise<Unsealed> {
  while (!(await reader.atEnd())) await reader.some(Number.MAX_SAFE_INTEGER)
  return { whole: false, protection: 'none' }
}

/** Version 1: CFB and a SHA-1 code over all at the end. */
async function withCode(reader: PieceReader, found: FoundKey | null, spool: SealedSpool): Promise<boolean> {
  const { cipher, data } = cipherOf(found)
  const cfb = new CfbDecryption(cipher.name, data)
  const code = createHash('sha1')
  const prefix = cfb.update(await reader.exactly(PREFIX))
  code.update(prefix)
  // What may be the code itself stands in front of the next batch, in memory that is used over and over.
  const batch = Buffer.allocUnsafeSlow(BATCH)
  const room = Buffer.allocUnsafeSlow(HELD + BATCH)
  const held = room.subarray(HELD - CODE, HELD)
  try {
    cfb.into(held, await reader.exactly(CODE))
    for (let sealed = await reader.into(batch); sealed.length > 0; sealed = await reader.into(batch)) {
      cfb.into(room.subarray(HELD), sealed)
      const plain = room.subarray(HELD - CODE, HELD + sealed.length - CODE)
      code.update(plain)
      const written = spool.append(plain)
      if (written) await written
      room.copyWithin(HELD - CODE, HELD + sealed.length - CODE, HELD + sealed.length)
    }
    const header = Buffer.of(0xc0 | PACKET.modificationCode, 20)
    const expected = Buffer.concat([header, code.update(held.subarray(0, 2)).digest()])
    return timingSafeEqual(held, expected) && found !== null
  } finally {
    letGo(batch)
    letGo(room)
  }
}

/** Version 2: chunks with a tag each, and one over the length of all. */
async function withAead(reader: PieceReader, found: FoundKey | null, spool: SealedSpool): Promise<boolean> {
  const parameters = await reader.exactly(3)
  const { cipher, algorithm, nonceBytes, chunk } = aeadParameters(parameters)
  const salt = await reader.exactly(32)
  const info = Buffer.concat([Buffer.of(0xc0 | PACKET.protectedData, 2), parameters])
  const fits = found?.data.length === cipher.bytes
  const session = fits ? found.data : randomKey().data.subarray(0, cipher.bytes)
  const derived = Buffer.from(hkdfSync('sha256', session, salt, info, cipher.bytes + nonceBytes - 8))
  const nonce = Buffer.concat([derived.subarray(cipher.bytes), Buffer.alloc(8)])
  const open = openerOf(cipher, algorithm, derived.subarray(0, cipher.bytes))
  const whole = await openChunks(reader, chunk, spool, (index, total, sealed, tag) => {
    nonce.writeBigUInt64BE(index, nonceBytes - 8)
    return open(nonce, total === null ? info : Buffer.concat([info, uint64(total)]), sealed, tag)
  })
  return whole && fits
}

/** Packet 20 of the drafts before RFC 9580, which GnuPG 2.3 and 2.4 and RNP write to keys that announce it. */
async function withEarlyAead(reader: PieceReader, found: FoundKey | null, spool: SealedSpool): Promise<boolean> {
  const parameters = await reader.exactly(3)
  const { cipher, algorithm, nonceBytes, chunk } = aeadParameters(parameters)
  const iv = await reader.exactly(nonceBytes)
  const fits = found?.cipher === cipher.id
  const session = fits ? found.data : randomKey().data.subarray(0, cipher.bytes)
  const header = Buffer.concat([Buffer.of(0xc0 | PACKET.aeadData, 1), parameters])
  const open = openerOf(cipher, algorithm, session)
  const counted = iv.readBigUInt64BE(nonceBytes - 8)
  const whole = await openChunks(reader, chunk, spool, (index, total, sealed, tag) => {
    const nonce = Buffer.from(iv)
    nonce.writeBigUInt64BE(counted ^ index, nonceBytes - 8)
    const associated = [header, uint64(index), ...(total === null ? [] : [uint64(total)])]
    return open(nonce, Buffer.concat(associated), sealed, tag)
  })
  return whole && fits
}

type OpenChunk = (index: bigint, total: bigint | null, sealed: Buffer, tag: Buffer) => Buffer

async function openChunks(reader: PieceReader, chunk: number, spool: SealedSpool, open: OpenChunk): Promise<boolean> {
  let whole = true
  let index = 0n
  let total = 0n
  /** One that does not open is passed on as it is: nobody will see it, and the work stays the same. */
  async function take(sealed: Buffer, tag: Buffer) {
    let plain: Buffer = sealed
    try {
      plain = open(index, null, sealed, tag)
    } catch {
      whole = false
    }
    index += 1n
    total += BigInt(sealed.length)
    await spool.write(plain)
  }

  let held = await reader.upTo(chunk + 2 * TAG)
  while (held.length === chunk + 2 * TAG) {
    await take(held.subarray(0, chunk), held.subarray(chunk, chunk + TAG))
    held = Buffer.concat([held.subarray(-TAG), await reader.upTo(chunk + TAG)])
  }
  if (held.length < TAG || (held.length > TAG && held.length <= 2 * TAG)) throw malformed('the last tag is missing')
  if (held.length > TAG) await take(held.subarray(0, -2 * TAG), held.subarray(-2 * TAG, -TAG))
  try {
    open(index, total, Buffer.alloc(0), held.subarray(-TAG))
  } catch {
    whole = false
  }
  return whole
}

function aeadParameters(parameters: Buffer) {
  const [id = 0, algorithm = 0, octet = 255] = parameters
  const cipher = cipherById(id)
  const nonceBytes = NONCE[algorithm]
  if (!cipher || !nonceBytes) throw malformed('a cipher or mode that nobody reads')
  if (octet > MAX_CHUNK_OCTET) throw malformed('chunks larger than 4 MiB')
  return { cipher, algorithm, nonceBytes, chunk: 2 ** (octet + 6) }
}

type Open = (nonce: Buffer, associated: Buffer, sealed: Buffer, tag: Buffer) => Buffer

function openerOf(cipher: Cipher, algorithm: number, key: Buffer): Open {
  if (algorithm === EAX) return (nonce, associated, sealed, tag) => openEax(cipher, key, nonce, associated, sealed, tag)
  const mode = MODES[algorithm] ?? 'ocb'
  // The types know a mode only by its literal name.
  const name = `${cipher.name}-${mode}` as 'aes-256-ocb'
  return (nonce, associated, sealed, tag) => {
    const opening = createDecipheriv(name, key, nonce, { authTagLength: TAG })
    opening.setAAD(associated)
    opening.setAuthTag(tag)
    const plain = opening.update(sealed)
    const last = opening.final()
    return last.length === 0 ? plain : Buffer.concat([plain, last])
  }
}

function cipherOf(found: FoundKey | null): { cipher: Cipher; data: Buffer } {
  const { cipher, data } = found ?? randomKey()
  const known = cipherById(cipher ?? 0)
  if (known) return { cipher: known, data }
  return cipherOf(randomKey())
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}
