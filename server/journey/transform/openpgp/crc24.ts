/** The checksum of ASCII armor (RFC 9580 6.1.1), kept left-aligned in 32 bits so that four bytes go in at once. */
const POLYNOMIAL = 0x864cfb00
const START = 0xb704ce00 | 0

/** `TABLES[k][b]`: what byte b does to the checksum with k bytes after it in the same word. */
const TABLES: readonly Int32Array[] = makeTables()

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 4 }, () => new Int32Array(256))
  const first = tables[0]!
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte << 24
    for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ POLYNOMIAL : value << 1
    first[byte] = value
  }
  for (let k = 1; k < 4; k += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const before = tables[k - 1]![byte]!
      tables[k]![byte] = (before << 8) ^ first[before >>> 24]!
    }
  }
  return tables
}

export class Crc24 {
  #value = START

  update(bytes: Buffer): void {
    const [t0, t1, t2, t3] = TABLES as [Int32Array, Int32Array, Int32Array, Int32Array]
    let value = this.#value
    const words = bytes.length & ~3
    for (let at = 0; at < words; at += 4) {
      value ^= (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
      value = t3[value >>> 24]! ^ t2[(value >>> 16) & 0xff]! ^ t1[(value >>> 8) & 0xff]! ^ t0[value & 0xff]!
    }
    for (let at = words; at < bytes.length; at += 1) value = (value << 8) ^ t0[(value >>> 24) ^ bytes[at]!]!
    this.#value = value
  }

  /** Four characters of base64. */
  text(): string {
    return Buffer.of(this.#value >>> 24, (this.#value >>> 16) & 0xff, (this.#value >>> 8) & 0xff).toString('base64')
  }
}
