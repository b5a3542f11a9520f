/** Base64 (RFC 4648 section 4) without Node or DOM. Strict: one text for every value, so that no changed byte goes unseen. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** No value of a character. */
const STRANGE = 128
const VALUES = new Uint8Array(128).fill(STRANGE)
for (const [value, character] of [...ALPHABET].entries()) VALUES[character.charCodeAt(0)] = value

export function encodeBase64(bytes: Uint8Array): string {
  const chunks: string[] = []
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i]!, bytes[i + 1], bytes[i + 2]]
    chunks.push(
      ALPHABET[a >> 2]! +
        ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)]! +
        (b === undefined ? '=' : ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)]!) +
        (c === undefined ? '=' : ALPHABET[c & 63]!),
    )
  }
  return chunks.join('')
}

/** The bytes, or null for what is not exactly the encoding of some bytes: line ends, missing padding and stray bits included. */
export function decodeBase64(text: string): Uint8Array | null {
  const { length } = text
  if (length % 4 !== 0) return null
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((length / 4) * 3 - padding)
  const whole = padding === 0 ? length : length - 4
  let strange = 0
  let at = 0
  for (let i = 0; i < whole; i += 4) {
    const a = valueAt(text, i)
    const b = valueAt(text, i + 1)
    const c = valueAt(text, i + 2)
    const d = valueAt(text, i + 3)
    strange |= a | b | c | d
    bytes[at++] = (a << 2) | (b >> 4)
    bytes[at++] = (b << 4) | (c >> 2)
    bytes[at++] = (c << 6) | d
  }
  if (padding > 0) {
    const [a, b, c] = [valueAt(text, whole), valueAt(text, whole + 1), padding === 1 ? valueAt(text, whole + 2) : 0]
    strange |= a | b | c | ((padding === 1 ? c & 3 : b & 15) === 0 ? 0 : STRANGE)
    bytes[at++] = (a << 2) | (b >> 4)
    if (padding === 1) bytes[at] = (b << 4) | (c >> 2)
  }
  return (strange & STRANGE) === 0 ? bytes : null
}

function valueAt(text: string, i: number): number {
  const code = text.charCodeAt(i)
  return code < 128 ? VALUES[code]! : STRANGE
}
