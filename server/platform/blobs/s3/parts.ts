import { createHash, type Hash } from 'node:crypto'
import type { PartBuffers } from './buffers.ts'

/** Below this a mail needs no part buffer. */
const SMALL = 131_072

export interface Part {
  /** Valid until the next part is asked for. */
  readonly bytes: Buffer
  /** Base64, as Content-MD5 wants it. */
  readonly md5: string
  /** Hex. */
  readonly sha256: string
  readonly last: boolean
}

export interface Whole {
  size: number
  sha256: string
}

/**
 * Cuts the content into parts of `size` bytes, the last one shorter (an empty content is one empty part). Holds one part.
 * Digests are taken piece by piece as it comes: hashing 5 MiB at once would hold the event loop. `whole` is complete
 * when the last part came.
 */
export async function* partsOf(
  content: AsyncIterable<Uint8Array>,
  { buffers, size, whole }: { buffers: PartBuffers; size: number; whole: Whole },
): AsyncGenerator<Part> {
  const all = createHash('sha256')
  let large: Buffer | null = null
  let buffer: Buffer = Buffer.allocUnsafe(16_384)
  let filled = 0
  /** The digests of the part at hand; those of the first part are those of the whole so far. */
  let md5 = createHash('md5')
  let sha256: Hash | null = null

  const take = (bytes: Uint8Array) => {
    buffer.set(bytes, filled)
    filled += bytes.length
    whole.size += bytes.length
    all.update(bytes)
    sha256?.update(bytes)
    md5.update(bytes)
  }
  const part = (last: boolean): Part => {
    const digest = (sha256 ?? all.copy()).digest('hex')
    if (last) whole.sha256 = all.digest('hex')
    return { bytes: buffer.subarray(0, filled), md5: md5.digest('base64'), sha256: digest, last }
  }
  const grow = async (wanted: number) => {
    if (wanted <= buffer.length || large) return
    const next: Buffer =
      wanted <= SMALL ? Buffer.allocUnsafe(Math.min(SMALL, Math.max(wanted, buffer.length * 2))) : await buffers.take()
    if (wanted > SMALL) large = next
    buffer.copy(next, 0, 0, filled)
    buffer = next
  }

  try {
    for await (const chunk of content) {
      for (let at = 0; at < chunk.length; ) {
        if (filled === size) {
          yield part(false)
          filled = 0
          md5 = createHash('md5')
          sha256 = createHash('sha256')
        }
        await grow(Math.min(size, filled + chunk.length - at))
        const end = Math.min(chunk.length, at + buffer.length - filled)
        take(chunk.subarray(at, end))
        at = end
      }
    }
    yield part(true)
  } finally {
    if (large) buffers.give(large)
  }
}
