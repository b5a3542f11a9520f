/** EAX (Bellare, Rogaway, Wagner 2004) over CBC and CTR: OpenSSL has none, and messages of other programs may use it. */
import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import type { Cipher } from './ciphers.ts'

const BLOCK = 16

/** Plaintext of one chunk. Throws when the tag does not fit. */
export function openEax(
  { name }: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
  sealed: Buffer,
  tag: Uint8Array,
): Buffer {
  const header = omac(name, key, 0, nonce)
  const expected = exclusiveOr(exclusiveOr(header, omac(name, key, 1, associated)), omac(name, key, 2, sealed))
  if (!timingSafeEqual(expected, tag)) throw new Error('the tag does not fit')
  return createDecipheriv(`${name}-ctr`, key, header).update(sealed)
}

/** CMAC (RFC 4493) of a block that ends in `kind` and the message. */
function omac(name: Cipher['name'], key: Uint8Array, kind: number, message: Uint8Array): Buffer {
  const zero = Buffer.alloc(BLOCK)
  const cbc = createCipheriv(`${name}-cbc`, key, zero).setAutoPadding(false)
  const doubled = double(createCipheriv(`${name}-ecb`, key, null).setAutoPadding(false).update(zero))
  const first = Buffer.alloc(BLOCK)
  first[BLOCK - 1] = kind
  const open = message.length % BLOCK
  const whole = message.length > 0 && open === 0
  const from = message.length === 0 ? 0 : message.length - (open || BLOCK)
  if (message.length === 0) return cbc.update(exclusiveOr(first, doubled))
  cbc.update(first)
  cbc.update(message.subarray(0, from))
  const last = Buffer.alloc(BLOCK)
  last.set(message.subarray(from))
  if (!whole) last[open] = 0x80
  return cbc.update(exclusiveOr(last, whole ? doubled : double(doubled)))
}

/** Multiplication by x in the field of CMAC. */
function double(block: Uint8Array): Buffer {
  const out = Buffer.alloc(BLOCK)
  for (let at = 0; at < BLOCK; at += 1) out[at] = ((block[at]! << 1) | ((block[at + 1] ?? 0) >> 7)) & 0xff
  if (block[0]! & 0x80) out[BLOCK - 1]! ^= 0x87
  return out
}

function exclusiveOr(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((octet, at) => octet ^ right[at]!))
}
