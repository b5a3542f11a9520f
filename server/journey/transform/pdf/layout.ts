/** Glyphs of a text by the rules inside the font (OpenType GSUB and GPOS), whatever the text. */
import type { FontFile, Glyph, GlyphPosition, GlyphRun } from 'fontkit'

export type Direction = 'ltr' | 'rtl'

/** What moves glyphs and changes none. */
const UNPLACED = { mark: false, mkmk: false, curs: false, kern: false, abvm: false, blwm: false, dist: false } as const

/**
 * Glyphs and their places from the left. Where the library stumbles over the font's rules, the text is set with fewer of
 * them: first every glyph where the one before it ends, then each character by itself. A mail is not lost to a font.
 */
export function layOut(font: FontFile, text: string, direction: Direction): Pick<GlyphRun, 'glyphs' | 'positions'> {
  for (const features of [undefined, UNPLACED]) {
    try {
      return font.layout(text, features, undefined, undefined, direction)
    } catch {
      // The next form asks less of the font.
    }
  }
  const glyphs = [...text].map((character) => font.glyphForCodePoint(character.codePointAt(0)!))
  if (direction === 'rtl') glyphs.reverse()
  return { glyphs, positions: glyphs.map(unmoved) }
}

function unmoved({ advanceWidth }: Glyph): GlyphPosition {
  return { xAdvance: advanceWidth, xOffset: 0, yOffset: 0 }
}

/** The part of the library behind `layout` that attaches marks to letters: one for each font. */
interface Positioning {
  /** Whether the rule applied; the first of a lookup that does ends it. */
  applyLookup(type: number, rule: unknown): boolean
  getAnchor(anchor: object | null): unknown
}

const NO_ANCHOR = new Error('this letter has no place for this mark')

/**
 * A rule for marks may have no anchor for this letter and this class of mark (OpenType 1.9, GPOS, BaseRecord: "may be
 * NULL"): then it does not apply, and the lookup's next rule is asked. The library throws instead, for letters as common as
 * U+06A2, whose dot is a mark in Noto Sans Arabic.
 */
export function withOptionalAnchors(font: FontFile): FontFile {
  const positioning = font._layoutEngine?.engine?.GPOSProcessor as Positioning | null | undefined
  if (typeof positioning?.applyLookup !== 'function' || typeof positioning.getAnchor !== 'function') return font
  const [applyLookup, getAnchor] = [positioning.applyLookup, positioning.getAnchor]
  positioning.getAnchor = function (anchor) {
    if (anchor === null) throw NO_ANCHOR
    return getAnchor.call(this, anchor)
  }
  positioning.applyLookup = function (type, rule) {
    try {
      return applyLookup.call(this, type, rule)
    } catch (error) {
      if (error === NO_ANCHOR) return false
      throw error
    }
  }
  return font
}
