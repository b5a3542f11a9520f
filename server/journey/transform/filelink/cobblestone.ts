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
import { type ByteSource, gathered } from '../../../ports/bytes.ts'

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
/** Chunks handled at once: pieces of 32 KiB, which the allocator reuses where it maps fresh pages for larger ones (measured: 148 MB RSS instead of 195). */
const BATCH = 2

interface MessageKeys {
  readonly key: KeyObject
  readonly baseNonce: Buffer
  readonly commitment: Buffer
}

/**
 * Encrypts a stream. `key` is 32 uniformly random bytes; `context` binds the result to its place (tenant, id) and must be
 * given again to open it.
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
  for await (const chunks of wholeChunks(plain, CHUNK)) {
    yield sealChunks(keys, index, chunks)
    index += Math.floor(chunks.length / CHUNK)
  }
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
  openChunks(keys, lastChunk, await sealed.read(offsetOf(lastChunk), sealed.size))
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
    for await (const chunks of wholeChunks(sealedRange, SEALED_CHUNK)) {
      if (chunks.length === 0) break
      const plain = openChunks(keys, index, chunks)
      const at = index * CHUNK
      index += Math.ceil(chunks.length / SEALED_CHUNK)
      const piece = plain.subarray(Math.max(0, start - at), Math.max(0, Math.min(plain.length, end - at)))
      if (piece.length > 0) yield piece
    }
    // A source that ends early must not look like a short file.
    if (index !== last + 1) throw damaged()
  }

  return {
    size,
    stream,
    read: (start, end) => gathered(stream(start, end)),
  }
}

/**
 * Cuts a stream into whole chunks, up to `BATCH` at a time, and last what remains: always less than a chunk, maybe
 * nothing. What is given out is good until the next is asked for.
 */
async function* wholeChunks(source: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Buffer> {
  const begun = Buffer.allocUnsafe(size)
  let filled = 0
  for await (const bytes of source) {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    if (filled > 0) {
      at = piece.copy(begun, filled)
      filled += at
      if (filled < size) continue
      yield begun
    }
    while (piece.length - at >= size) {
      const length = Math.min(BATCH, Math.floor((piece.length - at) / size)) * size
      yield piece.subarray(at, at + length)
      at += length
    }
    filled = piece.copy(begun, 0, at)
  }
  yield begun.subarray(0, filled)
}

/** Seals whole chunks, and the short one when it comes last, into one buffer. */
function sealChunks(keys: MessageKeys, index: number, plain: Buffer): Buffer {
  const count = Math.max(1, Math.ceil(plain.length / CHUNK))
  const sealed = Buffer.allocUnsafe(plain.length + count * TAG)
  for (let chunk = 0; chunk < count; chunk += 1) {
    const cipher = createCipheriv('aes-256-gcm', keys.key, nonceOf(keys.baseNonce, index + chunk))
    const text = cipher.update(plain.subarray(chunk * CHUNK, (chunk + 1) * CHUNK))
    cipher.final()
    const at = chunk * SEALED_CHUNK
    text.copy(sealed, at)
    cipher.getAuthTag().copy(sealed, at + text.length)
  }
  return sealed
}

/** The way back; raises `blob-damaged` before a byte of any of these chunks is given out. */
function openChunks(keys: MessageKeys, index: number, sealed: Buffer): Buffer {
  const count = Math.ceil(sealed.length / SEALED_CHUNK)
  const plain = Buffer.allocUnsafe(Math.max(0, sealed.length - count * TAG))
  for (let chunk = 0; chunk < count; chunk += 1) {
    const bytes = sealed.subarray(chunk * SEALED_CHUNK, (chunk + 1) * SEALED_CHUNK)
    if (bytes.length < TAG) throw damaged()
    const end = bytes.length - TAG
    const nonce = nonceOf(keys.baseNonce, index + chunk)
    const decipher = createDecipheriv('aes-256-gcm', keys.key, nonce, { authTagLength: TAG })
    decipher.setAuthTag(bytes.subarray(end))
    decipher.update(bytes.subarray(0, end)).copy(plain, chunk * CHUNK)
    try {
      decipher.final()
    } catch (cause) {
      throw damaged(cause)
    }
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
