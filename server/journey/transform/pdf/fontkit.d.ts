/** The parts of two libraries without types that setting text needs. */
declare module 'fontkit' {
  export interface Glyph {
    readonly id: number
    /** Font units. */
    readonly advanceWidth: number
    /** Empty for a glyph that belongs to the one beside it (a dot, a half of a vowel). */
    readonly codePoints: readonly number[]
  }
  export interface GlyphPosition {
    readonly xAdvance: number
    readonly xOffset: number
    readonly yOffset: number
  }
  export interface GlyphRun {
    /** In the order in which they stand on paper, from the left. */
    readonly glyphs: readonly Glyph[]
    readonly positions: readonly GlyphPosition[]
  }
  export interface Subset {
    includeGlyph(glyph: number): number
    encode(): Uint8Array
  }
  export interface FontFile {
    readonly unitsPerEm: number
    readonly ascent: number
    readonly descent: number
    readonly capHeight: number
    readonly italicAngle: number
    readonly bbox: { readonly minX: number; readonly minY: number; readonly maxX: number; readonly maxY: number }
    /** Code points with a glyph. */
    readonly characterSet: readonly number[]
    hasGlyphForCodePoint(codePoint: number): boolean
    layout(
      text: string,
      features?: Readonly<Record<string, boolean>>,
      script?: string,
      language?: string,
      direction?: 'ltr' | 'rtl',
    ): GlyphRun
    glyphForCodePoint(codePoint: number): Glyph
    createSubset(): Subset
    getGlyph(id: number, codePoints?: readonly number[]): Glyph
    /** Not of the public surface; null in a font without such rules. */
    readonly _layoutEngine?: { readonly engine?: { readonly GPOSProcessor?: unknown } | null }
    readonly directory?: { readonly tables: Readonly<Record<string, unknown>> }
  }
  /** Throws for a file that is no font. */
  export function create(data: Buffer): FontFile
}

declare module 'linebreak' {
  /** Unicode Standard Annex 14; positions are UTF-16 units. */
  export default class LineBreaker {
    constructor(text: string)
    nextBreak(): { readonly position: number; readonly required: boolean } | null
  }
}
