/** Numbers that depend on a seed alone (mulberry32), so that every input of a campaign can be made again. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** Whole, in [0, end). */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }
}

/** The generator of the n-th input of a campaign. */
export const randomOf = (seed: number, index: number): Random =>
  new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))

/** One to eight changes: bytes flipped, removed, doubled, replaced by marks that mean something, or taken from elsewhere. */
export function mutated(random: Random, corpus: readonly Buffer[], marks: readonly (string | Buffer)[]): Buffer {
  let bytes = Buffer.from(random.pick(corpus))
  for (let changes = 1 + random.below(8); changes > 0; changes--) {
    const at = random.below(bytes.length + 1)
    const length = random.below(random.below(10) === 0 ? 400 : 12)
    const rest = bytes.subarray(at + length)
    const put = (...middle: readonly Uint8Array[]) => Buffer.concat([bytes.subarray(0, at), ...middle, rest])
    switch (random.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << random.below(8))
        break
      case 1:
        bytes = put()
        break
      case 2:
        bytes = put(bytes.subarray(at, at + length), bytes.subarray(at, at + length))
        break
      case 3:
        bytes = put(Buffer.from(random.pick(marks) as string, 'latin1'))
        break
      case 4:
        bytes = put(random.bytes(length))
        break
      default: {
        const other = random.pick(corpus)
        const from = random.below(other.length)
        bytes = put(other.subarray(from, from + 4 * length))
      }
    }
    if (bytes.length > 65_536) bytes = bytes.subarray(0, 65_536)
  }
  return bytes
}
