/**
 * bzip2 unpacked (compression 3 of RFC 9580 9.4). No checksum is compared: the data came out of integrity protection. Blocks
 * with the randomisation that bzip2 dropped in 1997 are refused.
 */
import { malformed } from './piece-reader.ts'

const BLOCK_MAGIC = 0x314159
const END_MAGIC = 0x177245
const RUN_A = 0
const RUN_B = 1
const GROUP = 50
const MAX_CODE = 20
/** Yielded at once, bytes. */
const PIECE = 65_536

/** Pieces of what was packed, of at most 64 KiB. Raises `container-malformed`. */
export function* bunzip(packed: Uint8Array): Generator<Buffer> {
  const bits = new Bits(packed)
  if (bits.take(24) !== 0x425a68) throw malformed('not bzip2')
  const level = bits.take(8) - 0x30
  if (level < 1 || level > 9) throw malformed('not bzip2')
  const transformed = new Uint32Array(level * 100_000)
  for (;;) {
    const magic = bits.take(24)
    bits.take(24)
    bits.take(16)
    bits.take(16)
    if (magic === END_MAGIC) return
    if (magic !== BLOCK_MAGIC) throw malformed('a bzip2 block that is none')
    yield* block(bits, transformed)
  }
}

function* block(bits: Bits, transformed: Uint32Array): Generator<Buffer> {
  if (bits.take(1) !== 0) throw malformed('a randomised bzip2 block')
  const origin = bits.take(24)
  const symbols = symbolsOf(bits)
  const groups = bits.take(3)
  const selectors = selectorsOf(bits, groups)
  const codes = Array.from({ length: groups }, () => new Code(bits, symbols.length + 2))
  const counts = new Uint32Array(256)
  const length = moveToFront(bits, symbols, selectors, codes, transformed, counts)
  if (origin >= length) throw malformed('a bzip2 block without a beginning')
  // Inverse of the Burrows-Wheeler transform: the upper bits become the chain, the lower eight stay the byte.
  let sum = 0
  for (let byte = 0; byte < 256; byte += 1) {
    const count = counts[byte]!
    counts[byte] = sum
    sum += count
  }
  for (let at = 0; at < length; at += 1) {
    const byte = transformed[at]! & 0xff
    const to = counts[byte]!
    counts[byte] = to + 1
    transformed[to]! |= at << 8
  }
  yield* runs(transformed, length, transformed[origin]! >>> 8)
}

/** Four equal bytes are followed by how many more of them come. */
function* runs(transformed: Uint32Array, length: number, first: number): Generator<Buffer> {
  let out = Buffer.allocUnsafe(PIECE)
  let filled = 0
  let last = -1
  let run = 0
  let next = first
  for (let at = 0; at < length; at += 1) {
    const entry = transformed[next]!
    const byte = entry & 0xff
    next = entry >>> 8
    const more = run === 4
    const value = more ? last : byte
    for (let times = more ? byte : 1; times > 0; times -= 1) {
      out[filled] = value
      filled += 1
      if (filled === PIECE) {
        yield out
        out = Buffer.allocUnsafe(PIECE)
        filled = 0
      }
    }
    if (more) run = 0
    else run = byte === last ? run + 1 : 1
    last = more ? -1 : byte
  }
  if (filled > 0) yield out.subarray(0, filled)
}

function symbolsOf(bits: Bits): Uint8Array {
  const used: number[] = []
  const ranges = bits.take(16)
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x8000 >> range)) === 0) continue
    const within = bits.take(16)
    for (let at = 0; at < 16; at += 1) if (within & (0x8000 >> at)) used.push(range * 16 + at)
  }
  if (used.length === 0) throw malformed('a bzip2 block without symbols')
  return Uint8Array.from(used)
}

function selectorsOf(bits: Bits, groups: number): Uint8Array {
  const count = bits.take(15)
  if (groups < 2 || groups > 6 || count === 0) throw malformed('a bzip2 block without tables')
  const order = Array.from({ length: groups }, (_, at) => at)
  return Uint8Array.from({ length: count }, () => {
    let place = 0
    while (bits.take(1) === 1) {
      place += 1
      if (place >= groups) throw malformed('a bzip2 selector out of range')
    }
    const [chosen = 0] = order.splice(place, 1)
    order.unshift(chosen)
    return chosen
  })
}

/** Fills `transformed` with the last column and `counts` with how often each byte stands there; returns its length. */
function moveToFront(
  bits: Bits,
  symbols: Uint8Array,
  selectors: Uint8Array,
  codes: readonly Code[],
  transformed: Uint32Array,
  counts: Uint32Array,
): number {
  const end = symbols.length + 1
  let length = 0
  let run = 0
  let weight = 1
  for (let at = 0; ; at += 1) {
    const selector = selectors[Math.floor(at / GROUP)]
    if (selector === undefined) throw malformed('a bzip2 block without an end')
    const symbol = codes[selector]!.read(bits)
    if (symbol === RUN_A || symbol === RUN_B) {
      run += weight << symbol
      weight *= 2
      if (length + run > transformed.length) throw malformed('a bzip2 block that is too long')
      continue
    }
    if (run > 0) {
      transformed.fill(symbols[0]!, length, length + run)
      counts[symbols[0]!]! += run
      length += run
      run = 0
      weight = 1
    }
    if (symbol === end) return length
    if (length === transformed.length) throw malformed('a bzip2 block that is too long')
    const byte = symbols[symbol - 1]!
    symbols.copyWithin(1, 0, symbol - 1)
    symbols[0] = byte
    transformed[length] = byte
    counts[byte]! += 1
    length += 1
  }
}

/** A canonical Huffman code. */
class Code {
  readonly #limit = new Int32Array(MAX_CODE + 2).fill(-1)
  readonly #base = new Int32Array(MAX_CODE + 2)
  readonly #symbols: Uint16Array

  constructor(bits: Bits, size: number) {
    const lengths = new Uint8Array(size)
    let length = bits.take(5)
    for (let symbol = 0; symbol < size; symbol += 1) {
      for (;;) {
        if (length < 1 || length > MAX_CODE) throw malformed('a bzip2 code out of range')
        if (bits.take(1) === 0) break
        length += bits.take(1) === 0 ? 1 : -1
      }
      lengths[symbol] = length
    }
    this.#symbols = Uint16Array.from(lengths.keys()).sort((a, b) => lengths[a]! - lengths[b]! || a - b)
    let code = 0
    let before = 0
    for (let bit = 1; bit <= MAX_CODE; bit += 1) {
      const count = lengths.filter((one) => one === bit).length
      this.#base[bit] = before - code
      code += count
      before += count
      this.#limit[bit] = count > 0 ? code - 1 : -1
      code *= 2
    }
  }

  read(bits: Bits): number {
    let code = 0
    for (let length = 1; length <= MAX_CODE; length += 1) {
      code = (code << 1) | bits.take(1)
      if (code > this.#limit[length]!) continue
      const symbol = this.#symbols[code + this.#base[length]!]
      if (symbol !== undefined) return symbol
    }
    throw malformed('a bzip2 symbol that has no code')
  }
}

class Bits {
  readonly #bytes: Uint8Array
  #at = 0
  #held = 0
  #count = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The next `count` bits, at most 24. */
  take(count: number): number {
    while (this.#count < count) {
      if (this.#at === this.#bytes.length) throw malformed('bzip2 data without their end')
      this.#held = ((this.#held << 8) | this.#bytes[this.#at]!) & 0x7fffffff
      this.#at += 1
      this.#count += 8
    }
    this.#count -= count
    return (this.#held >>> this.#count) & ((1 << count) - 1)
  }
}
