/** Packet framing of RFC 9580 section 4.2 and numbers of section 3, as writers and readers need them. */

export const PACKET = {
  sessionKey: 1,
  signature: 2,
  passwordSessionKey: 3,
  onePassSignature: 4,
  compressed: 8,
  unprotectedData: 9,
  marker: 10,
  literal: 11,
  protectedData: 18,
  modificationCode: 19,
  aeadData: 20,
  padding: 21,
} as const

/** Partial body length: 2 to the 17th, 128 KiB, held at a time. */
const PARTIAL_BITS = 17
const PARTIAL = 1 << PARTIAL_BITS

/** A packet whose body is known as a whole. */
export function packet(tag: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0xc0 | tag), bodyLength(body.length), body])
}

/** A packet whose body streams, written with partial body lengths (4.2.1.4). */
export async function* streamedPacket(tag: number, body: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  yield Buffer.of(0xc0 | tag)
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    held.push(piece)
    size += piece.length
    if (size < PARTIAL) continue
    const bytes = Buffer.concat(held, size)
    let at = 0
    for (; size - at >= PARTIAL; at += PARTIAL) {
      yield Buffer.of(0xe0 | PARTIAL_BITS)
      yield bytes.subarray(at, at + PARTIAL)
    }
    held = [bytes.subarray(at)]
    size -= at
  }
  yield Buffer.concat([bodyLength(size), ...held])
}

/** Definite length in one, two or five octets (4.2.1.1 to 4.2.1.3). */
export function bodyLength(length: number): Buffer {
  if (length < 192) return Buffer.of(length)
  if (length < 8384) return Buffer.of(((length - 192) >> 8) + 192, (length - 192) & 0xff)
  return Buffer.concat([Buffer.of(0xff), uint32(length)])
}

/** Multiprecision integer (3.2): leading zeros removed, length in bits before it. */
export function mpi(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length && bytes[start] === 0) start += 1
  const value = bytes.subarray(start)
  const bits = value.length === 0 ? 0 : value.length * 8 - (Math.clz32(value[0]!) - 24)
  return Buffer.concat([uint16(bits), value])
}

export function uint16(value: number): Buffer {
  return Buffer.of(value >>> 8, value & 0xff)
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}
