import type { ByteSource } from '../ports/bytes.ts'
import { othersTurn, piecesOf, turnIsOver } from '../threads/turn.ts'
import type { MimePart, TransferEncoding } from './part.ts'

/** Undoes one transfer encoding piece by piece; `defects` grows while it runs. */
interface Decoder {
  write(chunk: Uint8Array): Buffer
  end(): Buffer
}

/**
 * Decoded content of a part, streamed. `defects` receives what a reader could take in another way: `base64-characters`,
 * `base64-after-padding`, `base64-truncated`, `qp-malformed`. An unknown encoding gives the bytes as they are.
 */
export function decodedBody(source: ByteSource, part: MimePart, defects?: Set<string>): AsyncIterable<Buffer> {
  return decodeStream(source.stream(part.bodyStart, part.bodyEnd), part.encoding, defects)
}

/** Decodes a stream of transfer-encoded bytes (RFC 2045 6.7, 6.8), whatever the sizes of its chunks. */
export async function* decodeStream(
  chunks: AsyncIterable<Uint8Array>,
  encoding: TransferEncoding,
  defects: Set<string> = new Set(),
): AsyncGenerator<Buffer> {
  const decoder = decoderOf(encoding, defects)
  if (!decoder) {
    for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    return
  }
  for await (const chunk of chunks) {
    for (const piece of piecesOf(chunk, 65_536)) {
      if (turnIsOver()) await othersTurn()
      const decoded = decoder.write(piece)
      if (decoded.length > 0) yield decoded
    }
  }
  const rest = decoder.end()
  if (rest.length > 0) yield rest
}

function decoderOf(encoding: TransferEncoding, defects: Set<string>): Decoder | null {
  if (encoding === 'base64') return new Base64Decoder(defects)
  if (encoding === 'quoted-printable') return new QuotedPrintableDecoder(defects)
  return null
}

/** What a byte stands for in base64: 0 to 63, or one of these. */
const [OTHER, SPACE, PADDING] = [64, 65, 66] as const
const BASE64 = new Uint8Array(256).fill(OTHER)
for (const [value, character] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  BASE64[character.charCodeAt(0)] = value
}
for (const character of ' \t\r\n') BASE64[character.charCodeAt(0)] = SPACE
BASE64['='.charCodeAt(0)] = PADDING

/**
 * RFC 2045 6.8: characters outside of the alphabet are skipped; the first padding ends the content, as in Node and most readers.
 * It works on bytes: strings of a large mail would fill the heap with what is thrown away at once.
 */
class Base64Decoder implements Decoder {
  readonly #defects: Set<string>
  /** Bits of the group that has begun, and how many of its four characters they are. */
  #bits = 0
  #count = 0
  #ended = false

  constructor(defects: Set<string>) {
    this.#defects = defects
  }

  write(chunk: Uint8Array): Buffer {
    if (this.#ended) {
      this.#afterPadding(chunk, 0)
      return Buffer.alloc(0)
    }
    const out = Buffer.allocUnsafe(Math.ceil((chunk.length + this.#count) / 4) * 3)
    let bits = this.#bits
    let count = this.#count
    let length = 0
    for (let at = 0; at < chunk.length; at++) {
      const value = BASE64[chunk[at]!]!
      if (value < 64) {
        bits = (bits << 6) | value
        if (++count < 4) continue
        out[length++] = bits >> 16
        out[length++] = bits >> 8
        out[length++] = bits
        bits = 0
        count = 0
      } else if (value === OTHER) this.#defects.add('base64-characters')
      else if (value === PADDING) {
        this.#ended = true
        this.#afterPadding(chunk, at + 1)
        break
      }
    }
    this.#bits = bits
    this.#count = count
    if (this.#ended) length += this.#last(out, length)
    return out.subarray(0, length)
  }

  end(): Buffer {
    const out = Buffer.allocUnsafe(2)
    return out.subarray(0, this.#last(out, 0))
  }

  /** Writes what a group without its end says and returns how many bytes that was: two characters are one byte, three are two. */
  #last(out: Buffer, at: number): number {
    const [bits, count] = [this.#bits, this.#count]
    this.#count = 0
    if (count === 1) this.#defects.add('base64-truncated')
    if (count === 2) out[at] = bits >> 4
    if (count === 3) out.writeUInt16BE(bits >> 2, at)
    return Math.max(0, count - 1)
  }

  #afterPadding(chunk: Uint8Array, from: number): void {
    for (let at = from; at < chunk.length; at++) {
      if (BASE64[chunk[at]!]! < 64) this.#defects.add('base64-after-padding')
    }
  }
}

/** White space held back at a line's end (RFC 2045 6.7 rule 3); a legal line is shorter. */
const SPACE_MAX = 1_000

/** RFC 2045 6.7. What is no valid escape stays as it stands, as readers do. */
class QuotedPrintableDecoder implements Decoder {
  readonly #defects: Set<string>
  /** Undecided bytes: an escape that has begun, or white space that may end the line. */
  #held: number[] = []

  constructor(defects: Set<string>) {
    this.#defects = defects
  }

  write(chunk: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(this.#held.length + chunk.length)
    let length = 0
    for (const byte of chunk) {
      const held = this.#held
      if (held.length === 0 && byte !== 0x3d && byte !== 0x20 && byte !== 0x09) {
        out[length++] = byte
        continue
      }
      held.push(byte)
      length += this.#settle(out, length)
    }
    return out.subarray(0, length)
  }

  /** Decides about the held bytes if it can; returns how many bytes it wrote. */
  #settle(out: Buffer, at: number): number {
    const held = this.#held
    const byte = held.at(-1)!
    return held[0] === 0x3d ? this.#escape(out, at, held, byte) : this.#space(out, at, held, byte)
  }

  #escape(out: Buffer, at: number, held: number[], byte: number): number {
    if (held.length === 1) return 0
    const hex = hexDigit(held[1]!) >= 0
    if (hex && held.length === 2) return 0
    if (hex && hexDigit(byte) >= 0) {
      this.#held = []
      out[at] = hexDigit(held[1]!) * 16 + hexDigit(byte)
      return 1
    }
    if (!hex && byte === 0x0a) {
      // White space after "=" goes with the break (rule 3); some readers keep both.
      if (held[1] === 0x20 || held[1] === 0x09) this.#defects.add('qp-malformed')
      this.#held = []
      return 0
    }
    // Soft line break: "=" [white space] [CR] LF.
    if (!hex && (byte === 0x20 || byte === 0x09 || byte === 0x0d) && held.length < SPACE_MAX && held.at(-2) !== 0x0d)
      return 0
    this.#defects.add('qp-malformed')
    return this.#literal(out, at, held)
  }

  #space(out: Buffer, at: number, held: number[], byte: number): number {
    if ((byte === 0x20 || byte === 0x09) && held.length < SPACE_MAX) return 0
    if (byte === 0x0d && held.length < SPACE_MAX) return 0
    if (byte === 0x0a) {
      const crlf = held.at(-2) === 0x0d
      this.#held = []
      if (crlf) out[at] = 0x0d
      out[crlf ? at + 1 : at] = 0x0a
      return crlf ? 2 : 1
    }
    return this.#literal(out, at, held)
  }

  /** Writes the held bytes as they are; the last one is looked at again because it may begin an escape. */
  #literal(out: Buffer, at: number, held: number[]): number {
    const again = held.pop()!
    out.set(held, at)
    const written = held.length
    if (again === 0x3d || again === 0x20 || again === 0x09) {
      this.#held = [again]
      return written
    }
    this.#held = []
    out[at + written] = again
    return written + 1
  }

  end(): Buffer {
    const held = this.#held
    this.#held = []
    if (held[0] !== 0x3d) return Buffer.from(held.filter((byte) => byte !== 0x20 && byte !== 0x09))
    if (held.length === 1) return Buffer.alloc(0)
    const soft = held.slice(1).every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
    if (!soft) this.#defects.add('qp-malformed')
    return soft ? Buffer.alloc(0) : Buffer.from(held)
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
