/**
 * SASLprep (RFC 4013), the stringprep profile (RFC 3454) that ISO 32000-2 7.6.4.3.3 asks for PDF passwords, with
 * normalisation and the bidirectional check. A password is treated as a *query* string: code points that RFC 3454
 * did not know yet are let through, because readers do the same with what a person types.
 */
import { Fault } from '../../../../shared/fault/index.ts'

/** ISO 32000-2 7.6.4.3.3: only the first 127 bytes of the UTF-8 form count. */
const MAX_BYTES = 127

/** RFC 3454 C.1.2, non-ASCII spaces: become U+0020. */
const OTHER_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu

/** RFC 3454 B.1: mapped to nothing. U+200B is in both tables; the mapping to space is named first by RFC 4013 2.1. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: a set of single code points, joiners and selectors among them
const TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/gu

/** RFC 4013 2.3: tables C.2.1, C.2.2, C.3, C.4, C.5, C.6, C.7, C.8 and C.9 (C.1.2 is gone by then). */
const PROHIBITED = new RegExp(
  [
    '[\\u0000-\\u001f\\u007f\\u0080-\\u009f]', // C.2.1, C.2.2 control characters
    '[\\u06dd\\u070f\\u180e\\u200c-\\u200f\\u2028\\u2029\\u2060-\\u2063\\u206a-\\u206f\\ufeff\\ufff9-\\ufffd]', // C.2.2, C.6, C.8
    '[\\u{1d173}-\\u{1d17a}]', // C.2.2 musical controls
    '[\\p{Co}\\p{Cs}\\p{Noncharacter_Code_Point}]', // C.3 private use, C.4 non-characters, C.5 surrogates
    '[\\u2ff0-\\u2ffb]', // C.7 ideographic description
    '[\\u0340\\u0341\\u202a-\\u202e]', // C.8 change display properties
    '[\\u{e0001}\\u{e0020}-\\u{e007f}]', // C.9 tagging
  ].join('|'),
  'u',
)

/** RFC 3454 D.1: characters with the property R or AL. */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/u

/** RFC 3454 D.2 by its definition (property L): letters and letter numbers that are not right-to-left. */
const LETTER = /[\p{L}\p{Nl}]/u

/**
 * The bytes a PDF security handler of revision 6 hashes for `password`: prepared, UTF-8, at most 127 bytes.
 * Raises `password-unusable` for prohibited characters, for mixed directions and when nothing is left.
 */
export function preparePassword(password: string): Buffer {
  const prepared = saslprep(password)
  if (prepared === '') throw new Fault('password-unusable', 'the password is empty')
  return Buffer.from(prepared, 'utf8').subarray(0, MAX_BYTES)
}

/** RFC 4013: map, normalise (NFKC), prohibit, check direction. Raises `password-unusable`. */
export function saslprep(text: string): string {
  const prepared = text.replace(OTHER_SPACE, ' ').replace(TO_NOTHING, '').normalize('NFKC')
  if (PROHIBITED.test(prepared))
    throw new Fault('password-unusable', 'the password has a character that cannot be typed')
  if (!directionHolds(prepared)) throw new Fault('password-unusable', 'the password mixes writing directions')
  return prepared
}

/** RFC 3454 section 6, requirements 2 and 3. */
function directionHolds(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true
  const characters = [...text]
  const isRight = (c: string | undefined) => c !== undefined && RIGHT_TO_LEFT.test(c)
  const hasLeft = characters.some((c) => LETTER.test(c) && !isRight(c))
  return !hasLeft && isRight(characters[0]) && isRight(characters.at(-1))
}
