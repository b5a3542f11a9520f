import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import type { SessionKey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import { CIPHERS, type Cipher } from './ciphers.ts'
import { PACKET } from './packet.ts'

const OCB = 2
/** Chunk size octet of version 2: 2 to the (6 + 10), 64 KiB. */
const CHUNK_OCTET = 10
const CHUNK = 1 << (6 + CHUNK_OCTET)

/** Body of a symmetrically encrypted and integrity protected data packet: version 2 where the session key names an AEAD. */
export function sealPackets(session: SessionKey, packets: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  const cipher = CIPHERS[session.algorithm]
  if (!cipher) throw new Fault('key-unusable', 'the recipients share no cipher that is still safe')
  return session.aeadAlgorithm
    ? sealWithOcb(cipher, session.data, packets)
    : sealWithCode(`${cipher.name}-cfb`, session.data, packets)
}

/** Version 1 (RFC 9580 5.13.1): CFB with a zero IV over random prefix, packets and the SHA-1 modification detection code. */
async function* sealWithCode(
  cipher: string,
  key: Uint8Array,
  packets: AsyncIterable<Uint8Array>,
): AsyncIterable<Buffer> {
  const cfb = createCipheriv(cipher, key, Buffer.alloc(16))
  const code = createHash('sha1')
  const prefix = randomBytes(18)
  prefix.copy(prefix, 16, 14, 16)
  const codeHeader = Buffer.of(0xc0 | PACKET.modificationCode, 20)
  yield Buffer.of(1)
  code.update(prefix)
  yield cfb.update(prefix)
  for await (const piece of packets) {
    code.update(piece)
    yield cfb.update(piece)
  }
  code.update(codeHeader)
  yield cfb.update(Buffer.concat([codeHeader, code.digest()]))
}

/** Version 2 (RFC 9580 5.13.2) with OCB, the mode every reader of version 2 has: each 64 KiB chunk carries its own tag. */
async function* sealWithOcb(
  cipher: Cipher,
  sessionKey: Uint8Array,
  packets: AsyncIterable<Uint8Array>,
): AsyncIterable<Buffer> {
  const salt = randomBytes(32)
  const parameters = Buffer.of(2, cipher.id, OCB, CHUNK_OCTET)
  const info = Buffer.concat([Buffer.of(0xc0 | PACKET.protectedData), parameters])
  // 15 octets of nonce: 7 derived, 8 count the chunks.
  const derived = Buffer.from(hkdfSync('sha256', sessionKey, salt, info, cipher.bytes + 7))
  const key = derived.subarray(0, cipher.bytes)
  const nonce = Buffer.concat([derived.subarray(cipher.bytes), Buffer.alloc(8)])
  let index = 0n

  function seal(plain: Buffer, associated: Buffer): Buffer {
    nonce.writeBigUInt64BE(index, 7)
    const ocb = createCipheriv(`${cipher.name}-ocb`, key, nonce, { authTagLength: 16 })
    ocb.setAAD(associated)
    return Buffer.concat([ocb.update(plain), ocb.final(), ocb.getAuthTag()])
  }

  yield Buffer.concat([parameters, salt])
  let total = 0n
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of packets) {
    held.push(piece)
    size += piece.length
    total += BigInt(piece.length)
    if (size < CHUNK) continue
    const bytes = Buffer.concat(held, size)
    let at = 0
    for (; size - at >= CHUNK; at += CHUNK) {
      yield seal(bytes.subarray(at, at + CHUNK), info)
      index += 1n
    }
    held = [bytes.subarray(at)]
    size -= at
  }
  if (size > 0) {
    yield seal(Buffer.concat(held, size), info)
    index += 1n
  }
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(total)
  yield seal(Buffer.alloc(0), Buffer.concat([info, length]))
}
