import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import type { ByteSource } from '../../../ports/bytes.ts'

/**
 * Cobblestone-256: chunked encryption with random access (c2sp.org/chunked-encryption@v1 with SHA-512 and AES-256-GCM).
 * Sealed form: 24 bytes salt, 32 bytes commitment, then chunks of 16 KiB + 16 bytes tag; the last chunk is always short,
 * possibly empty, and that is what tells the end of the file.
 */
const LABEL = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0', 'ascii')
const SALT = 24
const HEADER = SALT + 32
const TAG = 16
const CHUNK = 16_384
const SEALED_CHUNK = CHUNK + TAG
/** Chunks handled at once, so that 240 KiB and not 16 KiB travel through each step of a stream. */
const BATCH = 15

interface MessageKeys {
  readonly key: KeyObject
  readonly baseNonce: Buffer
  readonly commitment: Buffer
}

/**
 * Encrypts a stream. `key` is 32 uniformly random bytes; `context` binds the result to its place (tenant, id) and must be
 * given again to open it. Holds less than 512 KiB.
 */
export async function* sealStream(
  key: Uint8Array,
  context: Uint8Array,
  plain: AsyncIterable<Uint8Array>,
): AsyncIterable<Buffer> {
  const salt = randomBytes(SALT)
  const keys = deriveKeys(key, salt, context)
  yield Buffer.concat([salt, keys.commitment])
  let index = 0
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of plain) {
    held.push(piece)
    size += piece.length
    if (size < CHUNK * BATCH) continue
    const bytes = Buffer.concat(held, size)
    const whole = Math.floor(size / CHUNK)
    for (let at = 0; at < whole; at += BATCH) {
      const count = Math.min(BATCH, whole - at)
      yield sealChunks(keys, index, bytes.subarray(at * CHUNK, (at + count) * CHUNK))
      index += count
    }
    held = [bytes.subarray(whole * CHUNK)]
    size -= whole * CHUNK
  }
  const rest = Buffer.concat(held, size)
  const whole = Math.floor(size / CHUNK) * CHUNK
  if (whole > 0) yield sealChunks(keys, index, rest.subarray(0, whole))
  yield sealChunk(keys, index + whole / CHUNK, rest.subarray(whole))
}

/**
 * Opens sealed bytes for reading at any offset. The key commitment and the last chunk are checked before this resolves,
 * so `size` (plain bytes) is authentic; every other chunk is checked before one of its bytes is given out.
 * Raises `blob-damaged`, here or while reading, when anything does not fit: key, context, length or a single bit.
 */
export async function openSealed(key: Uint8Array, context: Uint8Array, sealed: ByteSource): Promise<ByteSource> {
  const body = sealed.size - HEADER
  const lastChunk = Math.floor(body / SEALED_CHUNK)
  if (body < 0 || body % SEALED_CHUNK < TAG) throw damaged()
  const header = await sealed.read(0, HEADER)
  const keys = deriveKeys(key, header.subarray(0, SALT), context)
  if (header.length !== HEADER || !timingSafeEqual(keys.commitment, header.subarray(SALT))) throw damaged()
  openChunk(keys, lastChunk, await sealed.read(offsetOf(lastChunk), sealed.size))
  const size = body - (lastChunk + 1) * TAG

  async function* stream(start = 0, end = size): AsyncIterable<Buffer> {
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= size)) {
      throw new Fault('range-unsatisfiable')
    }
    if (start >= end) return
    const first = Math.floor(start / CHUNK)
    const last = Math.floor((end - 1) / CHUNK)
    const sealedRange = sealed.stream(offsetOf(first), Math.min(offsetOf(last + 1), sealed.size))
    let index = first
    for await (const batch of batches(sealedRange)) {
      const plain = openChunks(keys, index, batch)
      const at = index * CHUNK
      index += Math.ceil(batch.length / SEALED_CHUNK)
      const piece = plain.subarray(Math.max(0, start - at), Math.max(0, Math.min(plain.length, end - at)))
      if (piece.length > 0) yield piece
    }
    // A source that ends early must not look like a short file.
    if (index !== last + 1) throw damaged()
  }

  return {
    size,
    stream,
    async read(start, end) {
      const pieces: Buffer[] = []
      for await (const piece of stream(start, end)) pieces.push(piece)
      return Buffer.concat(pieces)
    },
  }
}

/** Regroups a stream into whole sealed chunks, `BATCH` at a time; only the last piece may be cut. */
async function* batches(source: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    held.push(piece)
    size += piece.length
    if (size < SEALED_CHUNK * BATCH) continue
    const bytes = Buffer.concat(held, size)
    let at = 0
    for (; at + SEALED_CHUNK * BATCH <= size; at += SEALED_CHUNK * BATCH) {
      yield bytes.subarray(at, at + SEALED_CHUNK * BATCH)
    }
    held = [bytes.subarray(at)]
    size -= at
  }
  if (size > 0) yield Buffer.concat(held, size)
}

function sealChunks(keys: MessageKeys, index: number, plain: Buffer): Buffer {
  const sealed: Buffer[] = []
  for (let at = 0; at < plain.length; at += CHUNK) {
    sealed.push(sealChunk(keys, index + at / CHUNK, plain.subarray(at, at + CHUNK)))
  }
  return Buffer.concat(sealed)
}

function sealChunk(keys: MessageKeys, index: number, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', keys.key, nonceOf(keys.baseNonce, index))
  const text = cipher.update(plain)
  cipher.final()
  return Buffer.concat([text, cipher.getAuthTag()])
}

function openChunks(keys: MessageKeys, index: number, sealed: Buffer): Buffer {
  const plain: Buffer[] = []
  for (let at = 0; at < sealed.length; at += SEALED_CHUNK) {
    plain.push(openChunk(keys, index + at / SEALED_CHUNK, sealed.subarray(at, at + SEALED_CHUNK)))
  }
  return Buffer.concat(plain)
}

function openChunk(keys: MessageKeys, index: number, sealed: Buffer): Buffer {
  if (sealed.length < TAG) throw damaged()
  const decipher = createDecipheriv('aes-256-gcm', keys.key, nonceOf(keys.baseNonce, index), { authTagLength: TAG })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG))
  try {
    decipher.final()
  } catch (cause) {
    throw damaged(cause)
  }
  return plain
}

function offsetOf(chunk: number): number {
  return HEADER + chunk * SEALED_CHUNK
}

/** Base nonce XOR the chunk number, big-endian in the last eight bytes. */
function nonceOf(baseNonce: Buffer, index: number): Buffer {
  const nonce = Buffer.from(baseNonce)
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ BigInt(index), 4)
  return nonce
}

/** HKDF-Expand (RFC 5869 2.3) with SHA-512: 32 bytes key, 12 bytes base nonce, 32 bytes commitment. */
function deriveKeys(inputKey: Uint8Array, salt: Uint8Array, context: Uint8Array): MessageKeys {
  if (inputKey.length !== 32) throw new Fault('key-unusable', 'a data key has 32 bytes')
  const info = Buffer.concat([LABEL, salt, context])
  const first = createHmac('sha512', inputKey).update(info).update(Buffer.of(1)).digest()
  const second = createHmac('sha512', inputKey).update(first).update(info).update(Buffer.of(2)).digest()
  const okm = Buffer.concat([first, second])
  return {
    key: createSecretKey(okm.subarray(0, 32)),
    baseNonce: okm.subarray(32, 44),
    commitment: okm.subarray(44, 76),
  }
}

function damaged(cause?: unknown): Fault {
  return new Fault('blob-damaged', '', { cause })
}
