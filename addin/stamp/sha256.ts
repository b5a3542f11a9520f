/** SHA-256 (FIPS 180-4) for a runtime without WebCrypto and BigInt, which every library we know wants one of. */

const K: number[] = []
const START: number[] = []

/** Fractional parts of the roots of the first primes (FIPS 180-4 4.2.2 and 5.3.3). */
function constants(): void {
  const fraction = (root: number) => ((root - Math.floor(root)) * 4294967296) | 0
  for (let n = 2; K.length < 64; n++) {
    let prime = true
    for (let by = 2; by * by <= n; by++) if (n % by === 0) prime = false
    if (!prime) continue
    if (START.length < 8) START.push(fraction(Math.sqrt(n)))
    K.push(fraction(Math.cbrt(n)))
  }
}

const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by))

/** The digest as base64url (RFC 4648 5) without padding. */
export function sha256(text: string): string {
  if (K.length === 0) constants()
  const bytes = utf8(text)
  const bits = bytes.length * 8
  bytes.push(0x80)
  while (bytes.length % 64 !== 56) bytes.push(0)
  for (let shift = 56; shift >= 0; shift -= 8)
    bytes.push(shift > 31 ? Math.floor(bits / 2 ** shift) & 255 : (bits >>> shift) & 255)
  const state = START.slice()
  const w: number[] = []
  for (let block = 0; block < bytes.length; block += 64) {
    for (let i = 0; i < 64; i++) w[i] = i < 16 ? wordAt(bytes, block + i * 4) : expanded(w, i)
    round(state, w)
  }
  const digest: number[] = []
  for (const word of state) for (let shift = 24; shift >= 0; shift -= 8) digest.push((word >>> shift) & 255)
  return base64url(digest)
}

const wordAt = (bytes: readonly number[], at: number) =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

function expanded(w: readonly number[], i: number): number {
  const early = w[i - 15]!
  const late = w[i - 2]!
  const low = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)
  const high = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10)
  return (w[i - 16]! + low + w[i - 7]! + high) | 0
}

function round(state: number[], w: readonly number[]): void {
  let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + K[i]! + w[i]!) | 0
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  const next = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) state[i] = (state[i]! + next[i]!) | 0
}

/** UTF-8; half of a surrogate pair becomes U+FFFD, as encoders do. */
function utf8(text: string): number[] {
  const bytes: number[] = []
  for (const char of text) {
    const point = char.codePointAt(0)!
    const code = point >= 0xd800 && point < 0xe000 ? 0xfffd : point
    if (code < 0x80) bytes.push(code)
    else {
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
      bytes.push([0, 0xc0, 0xe0, 0xf0][more]! | (code >> (6 * more)))
      for (let rest = more - 1; rest >= 0; rest--) bytes.push(0x80 | ((code >> (6 * rest)) & 63))
    }
  }
  return bytes
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function base64url(bytes: readonly number[]): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0)
    const there = Math.min(4, bytes.length - i + 1)
    for (let n = 0; n < there; n++) out += ALPHABET[(three >> (18 - 6 * n)) & 63]
  }
  return out
}

/** Text of a base64url part as UTF-8; null when it is none. */
export function fromBase64url(text: string): string | null {
  let escaped = ''
  let held = 0
  let bits = 0
  for (const char of text) {
    const value = ALPHABET.indexOf(char)
    if (value < 0) return null
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    const byte = (held >> bits) & 255
    escaped += `%${byte < 16 ? '0' : ''}${byte.toString(16)}`
  }
  try {
    return decodeURIComponent(escaped)
  } catch (_) {
    return null
  }
}
