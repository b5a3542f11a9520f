import { Readable } from 'node:stream'
import type { MimeIndex } from '../../mime/part.ts'
import { piecesOf, Turn } from '../../mime/turn.ts'
import { headerBytes } from '../../mime/write.ts'
import type { ByteSource } from '../../ports/bytes.ts'

/** Each signature may ask for a hash of the whole body, a look-up and a check: whoever writes a thousand gets so many. */
const SIGNATURES_MAX = 10

/**
 * The message for the verifier, in small pieces with turns of the event loop between them: it looks at every byte several
 * times. DKIM signatures above the tenth are left out.
 */
export function readableMail(source: ByteSource, { root }: MimeIndex): Readable {
  return Readable.from(pieces(), { objectMode: false, highWaterMark: 65_536 })

  async function* pieces(): AsyncGenerator<Buffer> {
    const turn = new Turn()
    for await (const chunk of bytes()) {
      for (const piece of piecesOf(chunk)) {
        yield piece
        await turn.pause()
      }
    }
  }

  async function* bytes(): AsyncGenerator<Uint8Array> {
    let signatures = 0
    const kept = root.fields.filter(({ name }) => name !== 'dkim-signature' || ++signatures <= SIGNATURES_MAX)
    if (kept.length === root.fields.length) {
      yield* source.stream()
      return
    }
    yield headerBytes(kept)
    yield* source.stream(root.bodyStart)
  }
}
