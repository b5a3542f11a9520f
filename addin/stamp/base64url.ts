import { sha256 } from '../../shared/words/sha256.ts'

/** SHA-256 of a text's UTF-8 form, as base64url (RFC 4648 5) without padding. */
export const digest = (text: string): string => base64url(sha256(text))

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function base64url(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0)
    const there = Math.min(4, bytes.length - i + 1)
    for (let n = 0; n < there; n++) out += ALPHABET[(three >> (18 - 6 * n)) & 63]
  }
  return out
}

/** Text of a base64url part as UTF-8; null when it is none. */
export function fromBase64url(text: string): string | null {
  let escaped = ''
  let held = 0
  let bits = 0
  for (const char of text) {
    const value = ALPHABET.indexOf(char)
    if (value < 0) return null
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    const byte = (held >> bits) & 255
    escaped += `%${byte < 16 ? '0' : ''}${byte.toString(16)}`
  }
  try {
    return decodeURIComponent(escaped)
  } catch (_) {
    return null
  }
}
