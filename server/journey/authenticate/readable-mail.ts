import type { MimeIndex } from '../../mime/part.ts'
import { headerBytes } from '../../mime/write.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { piecesOf } from '../../threads/turn.ts'

/** Each signature may ask for a hash of the whole body, a look-up and a check: whoever writes a thousand gets so many. */
const SIGNATURES_MAX = 10
const PIECE = 65_536

/** The message for the verifier, in pieces that are its own to keep. DKIM signatures above the tenth are left out. */
export async function* mailPieces(source: ByteSource, { root }: MimeIndex): AsyncGenerator<Uint8Array> {
  let signatures = 0
  const kept = root.fields.filter(({ name }) => name !== 'dkim-signature' || ++signatures <= SIGNATURES_MAX)
  const whole = kept.length === root.fields.length
  if (!whole) yield new Uint8Array(headerBytes(kept))
  for await (const chunk of source.stream(whole ? 0 : root.bodyStart))
    for (const piece of piecesOf(chunk, PIECE)) yield new Uint8Array(piece)
}
