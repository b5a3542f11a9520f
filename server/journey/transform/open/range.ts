import type { ByteSource } from '../../../ports/bytes.ts'

/** A part of a source as a source of its own; offsets start at zero. */
export function rangeOf(source: ByteSource, from: number, to: number): ByteSource {
  const size = to - from
  return {
    size,
    stream: (start = 0, end = size) => source.stream(from + start, from + Math.min(end, size)),
    read: (start, end) => source.read(from + start, from + Math.min(end, size)),
  }
}
