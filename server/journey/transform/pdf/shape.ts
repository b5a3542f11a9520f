/** Text in one font and one direction as glyphs in their places. */
import { mirrored } from './direction.ts'
import type { Face } from './fonts.ts'
import { layOut } from './layout.ts'

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

/** UTF-16 units shaped at once: the work for marks grows with the square of their number. No word of a language is so long. */
const LONGEST = 250
/** Does not begin a part: marks, joiners, the second half of a surrogate pair. */
const FOLLOWER = /\p{M}|\u200c|\u200d|[\udc00-\udfff]/u
const SECOND_HALF = /[\udc00-\udfff]/

/** Words come again and again; kept for the life of the worker, and thrown away as a whole when their glyphs are many. */
const known = new Map<string, Shaped>()
const MOST_KEPT = 200_000
let kept = 0

/** The glyphs of a text in one face and one direction. Time and memory grow with its length. */
export function shape(text: string, face: Face, rightToLeft: boolean): Shaped {
  if (text.length <= LONGEST) return shapePart(text, face, rightToLeft)
  const parts = partsOf(text).map((part) => shapePart(part, face, rightToLeft))
  const fromLeft = rightToLeft ? parts.toReversed() : parts
  return {
    glyphs: fromLeft.flatMap(({ glyphs }) => glyphs),
    width: parts.reduce((sum, { width }) => sum + width, 0),
    ...(parts.some(({ written }) => written !== undefined) ? { written: text } : {}),
  }
}

function partsOf(text: string): string[] {
  const parts: string[] = []
  for (let from = 0; from < text.length; ) {
    const full = from + LONGEST
    let to = full
    while (to > from + LONGEST / 2 && FOLLOWER.test(text.charAt(to))) to -= 1
    if (FOLLOWER.test(text.charAt(to))) to = SECOND_HALF.test(text.charAt(full)) ? full - 1 : full
    parts.push(text.slice(from, to))
    from = to
  }
  return parts
}

function shapePart(text: string, face: Face, rightToLeft: boolean): Shaped {
  const key = `${face.path}\n${rightToLeft ? '<' : '>'}${text}`
  const found = known.get(key)
  if (found) return found
  const result = shapeAnew(text, face, rightToLeft)
  kept += result.glyphs.length + 1
  if (kept > MOST_KEPT) {
    known.clear()
    kept = result.glyphs.length + 1
  }
  known.set(key, result)
  return result
}

function shapeAnew(text: string, { font }: Face, rightToLeft: boolean): Shaped {
  const scale = 1 / font.unitsPerEm
  const shown = rightToLeft ? mirrored(text) : text
  const { glyphs, positions } = layOut(font, shown, rightToLeft ? 'rtl' : 'ltr')
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
