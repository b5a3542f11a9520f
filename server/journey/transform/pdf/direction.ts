/** Texts that run from the right (Unicode Standard Annex 9). */
import bidiFactory, { type Bidi } from 'bidi-js'

// The types speak of CommonJS, the file is a module.
export const bidi = (bidiFactory as unknown as () => Bidi)()

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u

export function hasRightToLeft(text: string): boolean {
  return RIGHT_TO_LEFT.test(text)
}

/** First strong character decides (P2). */
export function startsRightToLeft(text: string): boolean {
  const first = /\p{L}/u.exec(text)?.[0]
  return first !== undefined && RIGHT_TO_LEFT.test(first)
}

/** Brackets of a text that runs from the right (L4); applied twice it changes nothing. */
export function mirrored(text: string): string {
  let out = ''
  for (const character of text) out += bidi.getMirroredCharacter(character) ?? character
  return out
}
