import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'

/**
 * What the tables know and mail readers do not: codings of bytes that are no charsets (`hex` would show rules digits where a
 * reader shows the words), and UTF-7 under any of its names, which some readers decode and others show as it stands.
 */
const NOT_SHOWN = /^(?:base64|hex|binary|cesu8|(?:cs)?(?:unicode11)?utf7(?:imap)?|(?:utf32|ucs4)(?:le|be)?)$/

/** Whether text in this charset can be decoded without guessing. */
function knowsCharset(charset: string): boolean {
  return (
    isName(charset) &&
    !NOT_SHOWN.test(plainName(charset)) &&
    (iconv.encodingExists(charset) || platformDecoder(charset) !== null)
  )
}

/** As the tables look it up. */
const plainName = (charset: string) => charset.toLowerCase().replace(/:\d{4}$|[^0-9a-z]/g, '')

const isName = (charset: string) => /^[\w.:+-]{1,40}$/.test(charset)

/** What the platform knows beyond the tables: ISO-2022-JP and other encodings of the WHATWG standard. */
function platformDecoder(charset: string): { decode(bytes: Uint8Array): string } | null {
  try {
    return new TextDecoder(charset)
  } catch {
    return null
  }
}

function decodeKnown(bytes: Buffer, charset: string): string {
  return iconv.encodingExists(charset) ? iconv.decode(bytes, charset) : (platformDecoder(charset)?.decode(bytes) ?? '')
}

/** Whether `decodeCharset` gives what the sender meant: the charset is known or there is none. */
export function canDecode(charset: string | undefined): boolean {
  return charset === undefined || charset === '' || isAsciiName(charset) || knowsCharset(charset)
}

/**
 * Text of bytes in a declared charset. Without a charset, or with one nobody knows, bytes that are UTF-8 are UTF-8 and
 * everything else is windows-1252, as mail readers do.
 */
export function decodeCharset(bytes: Buffer, charset: string | undefined): string {
  if (charset && !isAsciiName(charset) && knowsCharset(charset)) return decodeKnown(bytes, charset)
  return isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : iconv.decode(bytes, 'windows-1252')
}

/**
 * Text of a stream, at most `cap` bytes of it. `cut` says that there was more; a character cut in half at the cap is dropped.
 */
export async function readText(
  chunks: AsyncIterable<Uint8Array>,
  charset: string | undefined,
  cap: number,
): Promise<{ readonly text: string; readonly cut: boolean }> {
  const kept: Uint8Array[] = []
  let size = 0
  let cut = false
  for await (const chunk of chunks) {
    if (size + chunk.length > cap) {
      kept.push(chunk.subarray(0, cap - size))
      cut = true
      break
    }
    kept.push(chunk)
    size += chunk.length
  }
  const bytes = kept.length === 1 ? viewOf(kept[0]!) : Buffer.concat(kept)
  const text = decodeCharset(cut ? withoutHalfCharacter(bytes) : bytes, charset)
  return { text: cut ? withoutTrailing(text, '\uFFFD') : text, cut }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

/** Without all of this character at its end; a pattern would take a time of the square of a long run elsewhere. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return text.slice(0, end)
}

/** us-ascii is what mailers write when they do not know: bytes above 127 are then judged like an undeclared charset. */
function isAsciiName(charset: string): boolean {
  return /^(us-ascii|ascii|ansi_x3\.4-19(68|86)|iso646-us|unknown-8bit|x-unknown|default)$/i.test(charset)
}

/** Cuts an unfinished UTF-8 sequence off the end, so that the rest is still recognised as UTF-8. */
function withoutHalfCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= 4 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return bytes
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? bytes.subarray(0, bytes.length - back) : bytes
    }
  }
  return bytes
}
