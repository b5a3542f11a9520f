/** Packet framing of RFC 9580 section 4.2 as a strict reader takes it. */
import { PACKET } from './packet.ts'
import { malformed, type PieceReader } from './piece-reader.ts'

/** First length of a packet's body and how to go on: `partial` means that another length follows that many bytes. */
export interface PacketHead {
  readonly tag: number
  /** Octets; null for the indeterminate length of old packets, which reaches to the end of the stream. */
  readonly length: number | null
  readonly partial: boolean
}

/** The first partial length must be this long (4.2.1.4); so must all others here, or lengths would outweigh what they measure. */
const SMALLEST_PARTIAL = 512

/** Only these may be written in parts or without a length (4.2.1.4). */
const STREAMED: ReadonlySet<number> = new Set([
  PACKET.compressed,
  PACKET.unprotectedData,
  PACKET.literal,
  PACKET.protectedData,
  PACKET.aeadData,
])

/** The next packet's head; null at the end of the stream. Raises `container-malformed`. */
export async function packetHead(reader: PieceReader): Promise<PacketHead | null> {
  if (await reader.atEnd()) return null
  const first = await reader.byte()
  if ((first & 0x80) === 0) throw malformed('no packet begins here')
  const current = (first & 0x40) !== 0
  const tag = current ? first & 0x3f : (first >> 2) & 0x0f
  const head = current ? { tag, ...(await currentLength(reader)) } : { tag, ...(await oldLength(reader, first & 3)) }
  if ((head.partial || head.length === null) && !STREAMED.has(tag)) throw malformed(`packet ${tag} without a length`)
  return head
}

/** The body as it comes. Raises `container-malformed` when it ends early. */
export async function* packetBody(reader: PieceReader, head: PacketHead): AsyncGenerator<Buffer> {
  let { length, partial } = head
  for (;;) {
    if (length === null) {
      while (!(await reader.atEnd())) yield reader.some(Number.MAX_SAFE_INTEGER)
      return
    }
    for (let missing = length; missing > 0; ) {
      const piece = await reader.some(missing)
      missing -= piece.length
      yield piece
    }
    if (!partial) return
    ;({ length, partial } = await currentLength(reader))
  }
}

/** The whole body of a packet that may have `most` octets. Raises `container-malformed`. */
export async function wholeBody(reader: PieceReader, head: PacketHead, most: number): Promise<Buffer> {
  if (head.length === null || head.partial || head.length > most) throw malformed(`packet ${head.tag} is too large`)
  return reader.exactly(head.length)
}

/** A length in the current format (4.2.1). */
async function currentLength(reader: PieceReader): Promise<{ length: number; partial: boolean }> {
  const first = await reader.byte()
  if (first < 192) return { length: first, partial: false }
  if (first < 224) return { length: ((first - 192) << 8) + (await reader.byte()) + 192, partial: false }
  if (first === 255) return { length: (await reader.exactly(4)).readUInt32BE(), partial: false }
  const length = 2 ** (first & 0x1f)
  if (length < SMALLEST_PARTIAL) throw malformed('a partial length below 512')
  return { length, partial: true }
}

/** A length in the legacy format (4.2.2). */
async function oldLength(reader: PieceReader, type: number): Promise<{ length: number | null; partial: boolean }> {
  if (type === 3) return { length: null, partial: false }
  const octets = await reader.exactly(1 << type)
  return { length: octets.readUIntBE(0, octets.length), partial: false }
}
