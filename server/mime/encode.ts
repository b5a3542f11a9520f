const LINE_BYTES = 57
const LINE_CHARS = 76

/** Base64 in lines of 76 characters, each ended by CRLF (RFC 2045 6.8). */
export async function* encodeBase64(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let carry: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes =
      carry.length > 0 ? Buffer.concat([carry, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const whole = bytes.length - (bytes.length % LINE_BYTES)
    if (whole > 0) yield base64Lines(bytes.subarray(0, whole))
    carry = Buffer.from(bytes.subarray(whole))
  }
  if (carry.length > 0) yield base64Lines(carry)
}

/** Bytes on the wire that `encodeBase64` makes of `size` bytes. */
export function base64Size(size: number): number {
  const chars = Math.ceil(size / 3) * 4
  return chars + 2 * Math.ceil(chars / LINE_CHARS)
}

export function base64Lines(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(base64Size(bytes.length))
  foldInto(out, 0, bytes)
  return out
}

/** Writes the lines of `bytes` to `out` from `at` on, where `base64Size` of room has to be. */
export function foldInto(out: Buffer, at: number, bytes: Buffer): void {
  const text = bytes.toString('base64')
  const end = at + base64Size(bytes.length)
  // The text is written to the end and moves to the front line by line: what is written never reaches what is still to be read.
  let from = end - text.length
  out.write(text, from, 'latin1')
  while (from < end) {
    const next = Math.min(from + LINE_CHARS, end)
    out.copyWithin(at, from, next)
    at += next - from
    from = next
    out[at++] = 0x0d
    out[at++] = 0x0a
  }
}

const HEX = Buffer.from('0123456789ABCDEF')

/**
 * Quoted-printable with lines of at most 76 characters (RFC 2045 6.7). CRLF stays a line break; a CR or LF alone is escaped, so that
 * the content comes back bit for bit. A dot or `From ` at a line start is escaped
 * too, because relays on the way alter them, and a dash, so that no text can forge a boundary.
 */
export async function* encodeQuotedPrintable(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let column = 0
  let carry: Buffer = Buffer.alloc(0)
  const encode = (bytes: Buffer, last: boolean): Buffer => {
    // Each byte gives at most "=XX" and a soft break before it.
    const out = Buffer.allocUnsafe(bytes.length * 6 + 16)
    let length = 0
    // One byte is kept back: the fate of a space, CR and LF depends on the next one.
    const end = last ? bytes.length : bytes.length - 1
    let at = 0
    for (; at < end; at++) {
      const byte = bytes[at]!
      const next = bytes[at + 1]
      if (byte === 0x0d && next === 0x0a) {
        length += out.write('\r\n', length, 'latin1')
        column = 0
        at++
        continue
      }
      const breaks = next === undefined || next === 0x0d || next === 0x0a
      const literal =
        (byte > 0x20 &&
          byte < 0x7f &&
          byte !== 0x3d &&
          !(column === 0 && (byte === 0x2e || byte === 0x46 || byte === 0x2d))) ||
        ((byte === 0x20 || byte === 0x09) && !breaks)
      const width = literal ? 1 : 3
      if (column + width > 75) {
        length += out.write('=\r\n', length, 'latin1')
        column = 0
      }
      column += width
      if (literal) out[length++] = byte
      else {
        out[length++] = 0x3d
        out[length++] = HEX[byte >> 4]!
        out[length++] = HEX[byte & 15]!
      }
    }
    carry = Buffer.from(bytes.subarray(at))
    return out.subarray(0, length)
  }
  for await (const chunk of chunks) {
    if (chunk.length > 0) yield encode(Buffer.concat([carry, chunk]), false)
  }
  if (carry.length > 0) yield encode(carry, true)
}
