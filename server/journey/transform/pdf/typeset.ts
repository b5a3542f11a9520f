/**
 * Characters to glyphs: text is made fit for the fonts at hand and shaped. What no font can show is replaced and counted,
 * never dropped in silence.
 */
import bidiFactory, { type Bidi } from 'bidi-js'
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

// The types speak of CommonJS, the file is a module.
export const bidi = (bidiFactory as unknown as () => Bidi)()

/** A glyph in its place; measures in parts of the font size. */
export interface PlacedGlyph {
  readonly id: number
  /** The characters it stands for, in the order of the text; empty for parts of the glyph beside it. */
  readonly text: string
  /** Its own width, as the font says. */
  readonly width: number
  /** How far it moves the pen. */
  readonly advance: number
  /** From the pen. */
  readonly x: number
  readonly y: number
}

export interface Shaped {
  /** From the left. */
  readonly glyphs: readonly PlacedGlyph[]
  /** In parts of the font size. */
  readonly width: number
  /** What was written, where the glyphs one after another say something else (vowels before their consonant). */
  readonly written?: string
}

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

/** Words come again and again; kept for the life of the worker, and thrown away as a whole when they are many. */
const shaped = new Map<string, Shaped>()
const MOST_SHAPED = 20_000

/** The glyphs of a text in one face and one direction. */
export function shape(text: string, face: Face, rightToLeft: boolean): Shaped {
  const key = `${face.path}\n${rightToLeft ? '<' : '>'}${text}`
  const known = shaped.get(key)
  if (known) return known
  if (shaped.size >= MOST_SHAPED) shaped.clear()
  const result = shapeAnew(text, face, rightToLeft)
  shaped.set(key, result)
  return result
}

function shapeAnew(text: string, { font }: Face, rightToLeft: boolean): Shaped {
  const scale = 1 / font.unitsPerEm
  const shown = rightToLeft ? mirrored(text) : text
  const { glyphs, positions } = font.layout(shown, undefined, undefined, undefined, rightToLeft ? 'rtl' : 'ltr')
  let width = 0
  const placed = glyphs.map((glyph, n): PlacedGlyph => {
    const { xAdvance, xOffset, yOffset } = positions[n]!
    width += xAdvance * scale
    const characters = String.fromCodePoint(...glyph.codePoints)
    return {
      id: glyph.id,
      // The page shows the mirrored bracket; who copies the text gets what was written.
      text: rightToLeft ? mirrored(characters) : characters,
      width: glyph.advanceWidth * scale,
      advance: xAdvance * scale,
      x: xOffset * scale,
      y: yOffset * scale,
    }
  })
  const said = placed.map((glyph) => glyph.text).join('')
  return { glyphs: placed, width, ...(rightToLeft || said === text ? {} : { written: text }) }
}

/** Brackets of a text that runs from the right (Unicode Standard Annex 9, L4); applied twice it changes nothing. */
function mirrored(text: string): string {
  let out = ''
  for (const character of text) out += bidi.getMirroredCharacter(character) ?? character
  return out
}

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u

export function hasRightToLeft(text: string): boolean {
  return RIGHT_TO_LEFT.test(text)
}

/** First strong character decides (Unicode Standard Annex 9, P2). */
export function startsRightToLeft(text: string): boolean {
  const first = /\p{L}/u.exec(text)?.[0]
  return first !== undefined && RIGHT_TO_LEFT.test(first)
}
