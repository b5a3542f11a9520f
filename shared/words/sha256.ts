/**
 * SHA-256 (FIPS 180-4) for runtimes whose own one is not at hand, in a fraction of the text that a library takes. The launch
 * events run it too: nothing here is younger than ES2016.
 */

const BLOCK = 64
/** Words of a block with those expanded from it. */
const words = new Int32Array(BLOCK)
/** Fractional parts of the roots of the first primes (FIPS 180-4 4.2.2 and 5.3.3). */
const rounds = new Int32Array(BLOCK)
const start = new Int32Array(8)
for (let n = 2, known = 0; known < BLOCK; n++) {
  let by = 2
  while (n % by !== 0) by++
  if (by < n) continue
  start[known] = (Math.sqrt(n) % 1) * 2 ** 32
  rounds[known++] = (Math.cbrt(n) % 1) * 2 ** 32
}

/** The digest of a text's UTF-8 form, 32 bytes. */
export function sha256(text: string): Uint8Array {
  const bytes = utf8(text)
  const { length } = bytes
  const padded = new Uint8Array((length + 8 + BLOCK) & -BLOCK)
  padded.set(bytes)
  padded[length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, length / 2 ** 29)
  view.setUint32(padded.length - 4, length << 3)
  const state = start.slice()
  for (let at = 0; at < padded.length; at += BLOCK) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i)
    digestBlock(state)
  }
  state.forEach((word, i) => {
    view.setInt32(4 * i, word)
  })
  return padded.slice(0, 32)
}

const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by))

function digestBlock(state: Int32Array): void {
  for (let i = 16; i < BLOCK; i++) {
    const early = words[i - 15]!
    const late = words[i - 2]!
    const low = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)
    const high = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10)
    words[i] = (words[i - 16]! + low + words[i - 7]! + high) | 0
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let i = 0; i < BLOCK; i++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i]! + words[i]!) | 0
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
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
  for (let i = 0; i < 8; i++) state[i]! += next[i]!
}

/** UTF-8 (RFC 3629); half of a surrogate pair becomes U+FFFD, as encoders do. */
export function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(3 * text.length)
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      bytes[at++] = unit
      continue
    }
    const code = text.codePointAt(i)!
    if (code > 0xffff) i++
    const point = code >> 11 === 0x1b ? 0xfffd : code
    const more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3
    bytes[at++] = ((0x7f80 >> more) & 0xff) | (point >> (6 * more))
    for (let rest = more - 1; rest >= 0; rest--) bytes[at++] = 0x80 | ((point >> (6 * rest)) & 63)
  }
  return bytes.subarray(0, at)
}
