/** Something that gives a range of bytes; ranges are asked for in rising order. */
export interface Ranges {
  stream(start: number, end: number): AsyncIterable<Buffer>
}

/** A range and what stands in its place; without `write` the range goes. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly write?: (ranges: Ranges) => AsyncIterable<Uint8Array>
}

/** Bytes from `start` to `end` with the splices carried out (they do not overlap); every other byte as it is. */
export async function* spliced(
  ranges: Ranges,
  start: number,
  end: number,
  splices: readonly Splice[],
): AsyncGenerator<Uint8Array> {
  let at = start
  for (const splice of splices.toSorted((a, b) => a.start - b.start)) {
    if (splice.start > at) yield* ranges.stream(at, splice.start)
    if (splice.write) yield* splice.write(ranges)
    at = splice.end
  }
  if (end > at) yield* ranges.stream(at, end)
}

/** Ranges of bytes that come by once: what lies between two ranges is skipped. `offset` is the position of the first byte. */
export function forwardRanges(chunks: AsyncIterable<Uint8Array>, offset: number): Ranges {
  const iterator = chunks[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  let at = offset
  return {
    async *stream(start, end) {
      while (at < end) {
        if (held.length === 0) {
          const next = await iterator.next()
          if (next.done) return
          held = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
          continue
        }
        const take = Math.min(held.length, (at < start ? start : end) - at)
        const piece = held.subarray(0, take)
        held = held.subarray(take)
        at += take
        if (at > start) yield piece
      }
    },
  }
}
