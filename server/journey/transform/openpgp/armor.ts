import { Crc24 } from './crc24.ts'

/** 57 bytes are one line of 76 characters, the most RFC 9580 6.2.2 allows. */
const LINE_BYTES = 57
const LINE_CHARS = 76
/** Whole lines encoded at once: 96 KiB of text. */
const BATCH = LINE_BYTES * 1260

/**
 * ASCII armor (RFC 9580 6.2) with CRLF line ends, streamed. The library's own takes twice the time of the encryption.
 * The checksum must not stand under version 6 packets (6.1); under older ones it must, because gpg 2.2 takes the END line
 * for data when neither checksum nor padding comes before it.
 */
export async function* armored(
  type: 'MESSAGE' | 'SIGNATURE',
  packets: AsyncIterable<Uint8Array>,
  { checksum }: { readonly checksum: boolean },
): AsyncIterable<Buffer> {
  yield Buffer.from(`-----BEGIN PGP ${type}-----\r\n\r\n`, 'ascii')
  const crc = checksum ? new Crc24() : null
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of packets) {
    held.push(piece)
    size += piece.length
    if (size < BATCH) continue
    const bytes = Buffer.concat(held, size)
    let at = 0
    for (; size - at >= BATCH; at += BATCH) {
      const batch = bytes.subarray(at, at + BATCH)
      crc?.update(batch)
      yield lines(batch)
    }
    held = [bytes.subarray(at)]
    size -= at
  }
  const rest = Buffer.concat(held, size)
  crc?.update(rest)
  yield lines(rest)
  yield Buffer.from(`${crc ? `=${crc.text()}\r\n` : ''}-----END PGP ${type}-----\r\n`, 'ascii')
}

/** Base64 folded at 76 columns; the last line may be short. */
function lines(bytes: Buffer): Buffer {
  const text = bytes.toString('base64')
  const folded = Buffer.allocUnsafe(text.length + 2 * Math.ceil(text.length / LINE_CHARS))
  let at = 0
  for (let from = 0; from < text.length; from += LINE_CHARS) {
    at += folded.write(text.slice(from, from + LINE_CHARS), at, 'latin1')
    folded[at] = 0x0d
    folded[at + 1] = 0x0a
    at += 2
  }
  return folded
}
