import type { OpenByteSource } from '../../../ports/bytes.ts'

/** Byte offsets, `end` exclusive. */
export interface Range {
  readonly start: number
  end: number
}

/** The ranges of a source, in order, as one source: what a packet with partial lengths holds, without copying it out. */
export function rangesOf(source: OpenByteSource, ranges: readonly Range[]): OpenByteSource {
  /** Where each range begins in the whole. */
  const starts: number[] = []
  let size = 0
  for (const { start, end } of ranges) {
    starts.push(size)
    size += end - start
  }

  /** Index of the range that holds an offset. */
  function rangeAt(offset: number): number {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  async function* stream(from = 0, end = size): AsyncGenerator<Buffer> {
    if (from >= end) return
    // One pass over the source from the first byte to the last: reading each range for itself would cost a call each.
    const first = rangeAt(from)
    const last = rangeAt(end - 1)
    const begin = ranges[first]!.start + (from - starts[first]!)
    const stop = ranges[last]!.start + (end - starts[last]!)
    let at = begin
    let range = first
    for await (const piece of source.stream(begin, stop)) {
      const pieceEnd = at + piece.length
      while (range <= last) {
        const { start, end: rangeEnd } = ranges[range]!
        const cut = piece.subarray(Math.max(0, start - at), Math.max(0, Math.min(rangeEnd, pieceEnd) - at))
        if (cut.length > 0) yield cut
        if (rangeEnd > pieceEnd) break
        range += 1
      }
      at = pieceEnd
    }
  }

  return {
    size,
    stream,
    async read(from, end) {
      const pieces: Buffer[] = []
      for await (const piece of stream(from, end)) pieces.push(piece)
      return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}
