/** Text made fit for the fonts at hand. What none of them can show is replaced and counted, never dropped in silence. */
import { type Face, faceOf, type Slant } from './fonts.ts'

/** U+FFFD stands for a character without a glyph. */
const REPLACEMENT = '\ufffd'

/** Soft hyphens are dropped: words are broken without hyphens here. */
const SOFT_HYPHENS = /\u00ad/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls have no glyph and no meaning in a paragraph
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufff9-\ufffb]/g
/** Means nothing once an emoji is drawn in one colour: the selector of its form, the frame of a key. */
const EMOJI_FORM = /[\ufe0e\ufe0f\u20e3]/g
/** Belongs to the character before it and wants its font: marks, joiners, skin tones, tags. */
const FOLLOWER = /\p{M}|\u200c|\u200d|[\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]/u
const LETTER = /[\p{L}\p{M}]/u
/** Not seen when there is no glyph for them (joiners, marks of direction, tags). */
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

/** Text with a face for each of its UTF-16 units; null for what is not drawn (marks of direction). */
export interface FacedText {
  readonly text: string
  readonly faces: readonly (Face | null)[]
}

export interface Typesetter {
  /** The text as it can be drawn. */
  faced(text: string, slant: Slant): FacedText
  /** Characters that no font shows so far, and their scripts by English name (`emoji`, `other` for the rest). */
  missing(): { readonly count: number; readonly scripts: readonly string[] }
}

export function createTypesetter(): Typesetter {
  let count = 0
  const scripts = new Set<string>()
  return {
    faced(original, slant) {
      let text = ''
      const faces: (Face | null)[] = []
      let previous = null as Face | null
      let afterLetter = false
      for (const character of plain(original)) {
        const codePoint = character.codePointAt(0)!
        // A space after a letter, and what belongs to a character, stay in its font: a word is shaped as one.
        const stays: boolean = (afterLetter && character === ' ') || FOLLOWER.test(character)
        let face: Face | null =
          stays && previous?.font.hasGlyphForCodePoint(codePoint) ? previous : faceOf(codePoint, slant)
        let shown = character
        if (face === null && character !== '\n' && !INVISIBLE.test(character)) {
          face = faceOf(REPLACEMENT.codePointAt(0)!, slant)
          shown = REPLACEMENT
          count += 1
          scripts.add(scriptOf(character))
        }
        text += shown
        for (let unit = 0; unit < shown.length; unit += 1) faces.push(face)
        if (face !== null) previous = face
        afterLetter = LETTER.test(character)
      }
      return { text, faces }
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
    .replace(EMOJI_FORM, '')
    .replaceAll('\t', ' ')
}

function scriptOf(character: string): string {
  const script = SCRIPTS.find((name) => new RegExp(`\\p{Script=${name}}`, 'u').test(character))
  return script ?? (/\p{Extended_Pictographic}/u.test(character) ? 'emoji' : 'other')
}
