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
  if (text.length % 4 !== 0) return null
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  const value = (i: number) => (i < text.length - padding ? (VALUES[text.charCodeAt(i)] ?? STRANGE) : 0)
  let strange = 0
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const [a, b, c, d] = [value(i), value(i + 1), value(i + 2), value(i + 3)]
    strange |= a | b | c | d
    // Past the end of the array an assignment is without effect.
    bytes[at++] = (a << 2) | (b >> 4)
    bytes[at++] = ((b & 15) << 4) | (c >> 2)
    bytes[at++] = ((c & 3) << 6) | d
  }
  const last = padding === 0 ? 0 : value(text.length - padding - 1) & (padding === 2 ? 15 : 3)
  return (strange & STRANGE) === 0 && last === 0 ? bytes : null
}
