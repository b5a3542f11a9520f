/** Text made fit for the fonts at hand: what they cannot show is replaced and counted, never dropped in silence. */
import { BASE_FAMILY, familyOf, findFonts } from './fonts.ts'

/** Soft hyphens are dropped: words are broken without hyphens here, and layout fails on a text of nothing else. */
const SOFT_HYPHENS = /\u00ad/g
/** U+FFFD stands for a character without a glyph. */
const REPLACEMENT = '\ufffd'

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls have no glyph and no meaning in a paragraph
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufff9-\ufffb]/g
/** Parts of an emoji that mean nothing once it is drawn in one colour: selectors, skin tones, joiners. */
const EMOJI_PARTS =
  /[\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}\u20e3]|(?<=\p{Extended_Pictographic}\ufe0f?)\u200d|\u200d(?=\p{Extended_Pictographic})/gu
/** Characters that are not seen when they have no glyph (joiners, marks of direction, tags). */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u

const SCRIPTS = [
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Arabic',
  'Hebrew',
  'Thai',
  'Khmer',
  'Lao',
  'Myanmar',
  'Tibetan',
  'Bengali',
  'Tamil',
  'Telugu',
  'Gujarati',
  'Gurmukhi',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Armenian',
  'Georgian',
  'Ethiopic',
  'Mongolian',
  'Syriac',
] as const

/** Latin-1 and the signs that words of ours use: always at hand. */
const OUR_OWN = [...Array.from({ length: 0xe0 }, (_, n) => String.fromCharCode(n + 0x20)), ...`„“”…•–${REPLACEMENT}`]

export interface Typesetter {
  /** The text as it can be drawn, and the fonts to draw it with, in the order to look in. */
  set(text: string): { readonly text: string; readonly families: string[] }
  /** Characters that no font shows so far, and their scripts by English name (`emoji`, `other` for the rest). */
  missing(): { readonly count: number; readonly scripts: readonly string[] }
}

/** A typesetter for everything in `texts`; loads the fonts these need. */
export async function createTypesetter(texts: Iterable<string>): Promise<Typesetter> {
  const characters = new Set(OUR_OWN)
  for (const text of texts) for (const character of plain(text)) characters.add(character)
  await findFonts(characters)

  let count = 0
  const scripts = new Set<string>()
  return {
    set(original) {
      const families = new Set([BASE_FAMILY])
      let text = ''
      for (const character of plain(original)) {
        const family = familyOf(character.codePointAt(0)!)
        if (family !== null || character === '\n') {
          text += character
          if (family !== null) families.add(family)
        } else if (!INVISIBLE.test(character)) {
          text += REPLACEMENT
          count += 1
          scripts.add(scriptOf(character))
        }
      }
      return { text, families: [...families] }
    },
    missing: () => ({ count, scripts: [...scripts].sort() }),
  }
}

function plain(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(CONTROLS, '')
    .replace(SOFT_HYPHENS, '')
    .replace(EMOJI_PARTS, '')
    .replaceAll('\t', ' ')
}

function scriptOf(character: string): string {
  const script = SCRIPTS.find((name) => new RegExp(`\\p{Script=${name}}`, 'u').test(character))
  return script ?? (/\p{Extended_Pictographic}/u.test(character) ? 'emoji' : 'other')
}

/** First strong character decides (Unicode Standard Annex 9, P2). */
export function startsRightToLeft(text: string): boolean {
  const first = /\p{L}/u.exec(text)?.[0]
  return first !== undefined && /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u.test(first)
}

/** Longer words are given places to break. */
const LONG_WORD = 18

/**
 * Where a word may be broken when a line is full; called for every word. An empty part is a place to break without a
 * hyphen: after the separators of a URL, anywhere in very long words, and between ideographs.
 */
export function breakPlaces(word: string): string[] {
  const ideographs =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\ufffd]/u.test(word)
  if (word.length <= LONG_WORD && !ideographs) return [word]
  const pieces = ideographs
    ? [...word]
    : (word.match(
        /[^/?&=.,;:_@%\u00a0\u2010-\u2014-]{1,10}[/?&=.,;:_@%\u00a0\u2010-\u2014-]*|[/?&=.,;:_@%\u00a0\u2010-\u2014-]{1,10}/gu,
      ) ?? [word])
  return pieces.flatMap((piece, n) => (n === 0 ? [piece] : ['', piece]))
}
