/** ASCII armor (RFC 9580 6.2) back to packets, streamed. The checksum decides nothing (6.1): what counts is protected. */
import { malformed } from './piece-reader.ts'

/** What may stand before the first line of an armor, and the armor's own headers. */
const MAX_HEAD = 65_536
/** A line longer than this is decoded in pieces. */
const MAX_LINE = 65_536
/** Decoded at once: short strings cost the garbage collector less. */
const AT_ONCE = 49_152
const LF = 0x0a
const DASH = 0x2d
/** What may end the base64: padding of the last quantum, then the checksum. */
const TAIL = /^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?(?:=[A-Za-z0-9+/]{4})?$/

/** The packets inside an armor of this type. Raises `container-malformed` for anything else, and when the end is missing. */
export async function* dearmored(
  type: 'MESSAGE' | 'SIGNATURE',
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const base64 = new Base64()
  let held: Buffer = Buffer.alloc(0)
  let inside = false
  for await (const piece of cutAtLine(pieces)) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece])
    if (!inside) {
      const start = bodyStart(held, type)
      if (start === null) {
        if (held.length > MAX_HEAD) throw malformed('no armor begins')
        continue
      }
      held = held.subarray(start)
      inside = true
    }
    const dash = held.indexOf(DASH)
    const lines = held.lastIndexOf(LF) + 1
    const end = dash !== -1 ? dash : held.length - lines > MAX_LINE ? held.length : lines
    yield* base64.decode(held.subarray(0, end))
    held = held.subarray(end)
    if (dash === -1) continue
    const last = `-----END PGP ${type}-----`
    if (held.length < last.length) continue
    if (held.toString('latin1', 0, last.length) !== last) break
    yield* base64.end()
    return
  }
  throw malformed('the end of the armor is missing')
}

/** The same bytes: a piece that goes on in the middle of a line is cut at its end, so that what is joined is one line and not all. */
async function* cutAtLine(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let open = false
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    const piece = Buffer.from(buffer, byteOffset, byteLength)
    const end = open ? piece.indexOf(LF) + 1 : 0
    if (end > 0) yield piece.subarray(0, end)
    if (end < piece.length) yield piece.subarray(end)
    open = piece.length > 0 ? piece[piece.length - 1] !== LF : open
  }
}

/** After the empty line below the armor's headers; null while that has not come. */
function bodyStart(text: Buffer, type: string): number | null {
  const words = `-----BEGIN PGP ${type}-----`
  let at = text.indexOf(words)
  while (at > 0 && text[at - 1] !== LF) at = text.indexOf(words, at + 1)
  if (at === -1) return null
  for (let line = text.indexOf(LF, at) + 1; line > 0; ) {
    const next = text.indexOf(LF, line)
    if (next === -1) return null
    const content = text.toString('latin1', line, next).trim()
    if (content === '') return next + 1
    if (!/^[\w-]+: /.test(`${content} `)) throw malformed('no empty line below the head of the armor')
    line = next + 1
  }
  return null
}

class Base64 {
  /** Characters of a quantum that is not whole yet, then all from the first `=` on. */
  #carry = '';

  *decode(region: Buffer): Generator<Buffer> {
    if (region.length === 0) return
    let at = 0
    while (this.#carry === '') {
      const regular = regularLines(region.subarray(at))
      if (regular === null) break
      yield regular.bytes
      at += regular.end
    }
    const text = this.#carry + region.toString('latin1', at).replace(/[\s]+/g, '')
    const padding = text.indexOf('=')
    const data = padding === -1 ? text : text.slice(0, padding)
    if (/[^A-Za-z0-9+/]/.test(data)) throw malformed('a character that is not base64')
    const whole = data.length - (data.length % 4)
    this.#carry = text.slice(whole)
    if (this.#carry.length > 16) throw malformed('base64 after its end')
    if (whole > 0) yield Buffer.from(data.slice(0, whole), 'base64')
  }

  *end(): Generator<Buffer> {
    if (!TAIL.test(this.#carry)) throw malformed('base64 ends in the middle')
    const quantum = /^[^=]+=+/.exec(this.#carry)
    if (quantum) yield Buffer.from(quantum[0].slice(0, 4), 'base64')
  }
}

/**
 * The fast path: lines of one length, a multiple of four. The decoder passes over what is not base64; the number of bytes
 * that come out shows that there was nothing of the kind.
 */
function regularLines(region: Buffer): { bytes: Buffer; end: number } | null {
  const stride = region.indexOf(LF) + 1
  const chars = stride - (region[stride - 2] === 0x0d ? 2 : 1)
  if (chars <= 0 || chars % 4 !== 0) return null
  let end = 0
  const most = Math.min(region.length, AT_ONCE)
  while (end + stride <= most && region[end + stride - 1] === LF) end += stride
  if (end === 0) return null
  const bytes = Buffer.from(region.toString('latin1', 0, end), 'base64')
  return bytes.length === (end / stride) * (chars / 4) * 3 ? { bytes, end } : null
}
