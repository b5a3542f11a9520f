/**
 * Pages of a PDF (ISO 32000-2): text as glyphs with their place, rectangles, pictures, links. Fonts are embedded as far as
 * they were used (9.7.4); each pair of glyph and characters has a code of its own, so that copied text is what was written
 * even where one shape stands for two letters.
 */
import { deflateSync } from 'node:zlib'
import { PDFDocument, PDFName, PDFRawStream, type PDFRef, PDFString } from 'pdf-lib'
import type { Face } from './fonts.ts'
import type { CheckedImage } from './images.ts'
import type { Line, Look, Piece } from './lines.ts'

/** A4, points. */
export const PAGE = { width: 595, height: 842 } as const

interface Sheet {
  readonly under: string[]
  readonly over: string[]
  readonly links: { readonly href: string; readonly box: readonly number[] }[]
  readonly images: Set<string>
}

interface FontInUse {
  readonly name: string
  readonly face: Face
  readonly codes: Map<string, number>
  readonly glyphs: { readonly id: number; readonly text: string; readonly width: number }[]
}

export type Paper = ReturnType<typeof createPaper>

/** All measures in points from the top left corner. */
export function createPaper() {
  const sheets: Sheet[] = []
  const fonts = new Map<string, FontInUse>()
  const images = new Map<CheckedImage, string>()
  let sheet: Sheet

  const fontOf = (face: Face): FontInUse => {
    let font = fonts.get(face.path)
    if (!font) {
      font = { name: `F${fonts.size + 1}`, face, codes: new Map(), glyphs: [] }
      fonts.set(face.path, font)
    }
    return font
  }

  return {
    get pages() {
      return sheets.length
    },
    newPage() {
      sheet = { under: [], over: [], links: [], images: new Set() }
      sheets.push(sheet)
    },
    /** A filled rectangle, below whatever is written there; on the page with this number (from 0), else the current one. */
    fill(x: number, top: number, width: number, height: number, color: string, page = sheets.length - 1) {
      const at = `${num(x)} ${num(PAGE.height - top - height)} ${num(width)} ${num(height)}`
      sheets[page]!.under.push(`${rgb(color)} rg ${at} re f`)
    },
    text(line: Line, x: number, baseline: number, page = sheets.length - 1) {
      const target = sheets[page]!
      let at = x
      for (let n = 0; n < line.pieces.length; ) {
        const first = line.pieces[n]!
        let end = n + 1
        while (end < line.pieces.length && isSame(line.pieces[end]!, first)) end += 1
        const together = line.pieces.slice(n, end)
        const width = together.reduce((sum, piece) => sum + piece.width, 0)
        const drawn = glyphs(together, fontOf(first.face), at, PAGE.height - baseline + first.look.rise)
        const { written } = first.shaped
        // Replacement text (14.9.4) for who copies it or has it read aloud.
        if (written === undefined) target.over.push(...drawn)
        else target.over.push(`/Span <</ActualText <feff${hex16(written)}>>> BDC`, ...drawn, 'EMC')
        decorate(target, first.look, at, width, baseline)
        at += width
        n = end
      }
    },
    image(image: CheckedImage, x: number, top: number, width: number, height: number) {
      const name = images.get(image) ?? `I${images.size + 1}`
      images.set(image, name)
      sheet.images.add(name)
      const matrix = [width, 0, 0, height, x, PAGE.height - top - height].map(num).join(' ')
      sheet.over.push(`q ${matrix} cm /${name} Do Q`)
    },
    /** The whole document. */
    async finish(about: { readonly title: string; readonly language: string }): Promise<Buffer> {
      const document = await PDFDocument.create({ updateMetadata: false })
      document.setTitle(about.title)
      document.setLanguage(about.language)
      document.setProducer('Secflow')
      document.setCreator('Secflow')
      const { context } = document
      const fontRefs = Object.fromEntries([...fonts.values()].map((font) => [font.name, embedFont(document, font)]))
      const imageRefs = new Map<string, PDFRef>()
      for (const [{ data, format }, name] of images)
        imageRefs.set(name, (format === 'png' ? await document.embedPng(data) : await document.embedJpg(data)).ref)
      for (const { under, over, links, images: used } of sheets) {
        const content = Buffer.from([...under, ...over].join('\n'), 'latin1')
        const page = document.addPage([PAGE.width, PAGE.height])
        page.node.set(PDFName.of('Contents'), context.register(stream(document, {}, content)))
        const XObject = Object.fromEntries([...used].map((name) => [name, imageRefs.get(name)!]))
        page.node.set(PDFName.of('Resources'), context.obj({ Font: fontRefs, XObject }))
        if (links.length > 0)
          page.node.set(
            PDFName.of('Annots'),
            context.obj(
              links.map(({ href, box }) => ({
                Type: 'Annot',
                Subtype: 'Link',
                Rect: [...box],
                Border: [0, 0, 0],
                A: { S: 'URI', URI: PDFString.of(escaped(href)) },
              })),
            ),
          )
      }
      return Buffer.from(await document.save({ useObjectStreams: false }))
    },
  }
}

function decorate(sheet: Sheet, look: Look, x: number, width: number, baseline: number): void {
  const y = PAGE.height - baseline + look.rise
  const rule = (above: number) =>
    sheet.over.push(`${rgb(look.color)} rg ${num(x)} ${num(y + above)} ${num(width)} ${num(look.size * 0.055)} re f`)
  if (look.underline) rule(-look.size * 0.14)
  if (look.strike) rule(look.size * 0.28)
  if (look.href !== undefined)
    sheet.links.push({ href: look.href, box: [x, y - look.size * 0.25, x + width, y + look.size * 0.85] })
}

function isSame(a: Piece, b: Piece): boolean {
  return a.face === b.face && a.look === b.look && a.shaped.written === undefined && b.shaped.written === undefined
}

/** Text object of neighbouring pieces (9.4.3): moves of the pen in thousandths, and glyphs that stand off the line by themselves. */
function glyphs(pieces: readonly Piece[], font: FontInUse, x: number, y: number): string[] {
  const { size, color } = pieces[0]!.look
  const out = [`BT ${rgb(color)} rg /${font.name} ${num(size)} Tf 1 0 0 1 ${num(x)} ${num(y)} Tm`]
  let row = ''
  let codes = ''
  /** Thousandths by which the pen stands before where the text has it. */
  let lag = 0
  let [shiftX, shiftY] = [0, 0]
  const endCodes = () => {
    if (codes) row += `<${codes}>`
    codes = ''
  }
  const endRow = () => {
    endCodes()
    if (row) out.push(`[${row}] TJ`)
    row = ''
  }
  const flushLag = () => {
    if (Math.abs(lag) < 0.5) return
    endCodes()
    row += num(-lag)
    lag = 0
  }
  for (const { shaped } of pieces)
    for (const glyph of shaped.glyphs) {
      if (Math.abs(glyph.y - shiftY) > 0.0005) {
        endRow()
        out.push(`${num(glyph.y * size)} Ts`)
        shiftY = glyph.y
      }
      lag += (glyph.x - shiftX) * 1000
      shiftX = glyph.x
      flushLag()
      codes += codeOf(font, glyph).toString(16).padStart(4, '0')
      lag += (glyph.advance - glyph.width) * 1000
    }
  endRow()
  if (shiftY !== 0) out.push('0 Ts')
  out.push('ET')
  return out
}

function codeOf(font: FontInUse, glyph: { id: number; text: string; width: number }): number {
  const key = `${glyph.id} ${glyph.text}`
  let code = font.codes.get(key)
  if (code === undefined) {
    font.glyphs.push(glyph)
    code = font.glyphs.length
    font.codes.set(key, code)
  }
  return code
}

/** A composite font (9.7) with the glyphs that were used. */
function embedFont(document: PDFDocument, { face, glyphs, name }: FontInUse): PDFRef {
  const { context } = document
  const { font } = face
  const subset = font.createSubset()
  const map = Buffer.alloc((glyphs.length + 1) * 2)
  for (const [n, { id }] of glyphs.entries()) map.writeUInt16BE(subset.includeGlyph(id), (n + 1) * 2)
  const file = Buffer.from(subset.encode())
  const thousandths = (units: number) => Math.round((units * 1000) / font.unitsPerEm)
  // Six letters and a plus sign mark a subset (9.9.2).
  const baseFont = `${tagOf(name)}+Noto`
  const { minX, minY, maxX, maxY } = font.bbox
  const descriptor = context.register(
    context.obj({
      Type: 'FontDescriptor',
      FontName: baseFont,
      Flags: 4,
      FontBBox: [minX, minY, maxX, maxY].map(thousandths),
      ItalicAngle: font.italicAngle,
      Ascent: thousandths(font.ascent),
      Descent: thousandths(font.descent),
      CapHeight: thousandths(font.capHeight || font.ascent),
      StemV: 80,
      FontFile2: context.register(stream(document, { Length1: file.length }, file)),
    }),
  )
  const descendant = context.register(
    context.obj({
      Type: 'Font',
      Subtype: 'CIDFontType2',
      BaseFont: baseFont,
      CIDSystemInfo: { Registry: PDFString.of('Adobe'), Ordering: PDFString.of('Identity'), Supplement: 0 },
      FontDescriptor: descriptor,
      W: [1, glyphs.map(({ width }) => Math.round(width * 1000))],
      CIDToGIDMap: context.register(stream(document, {}, map)),
    }),
  )
  return context.register(
    context.obj({
      Type: 'Font',
      Subtype: 'Type0',
      BaseFont: baseFont,
      Encoding: 'Identity-H',
      DescendantFonts: [descendant],
      ToUnicode: context.register(stream(document, {}, Buffer.from(toUnicode(glyphs), 'latin1'))),
    }),
  )
}

function tagOf(name: string): string {
  const number = Number(name.slice(1))
  return Array.from({ length: 6 }, (_, place) =>
    String.fromCharCode(65 + (Math.floor(number / 26 ** place) % 26)),
  ).join('')
}

/** ToUnicode CMap (9.10.3); a part of another glyph stands for nothing. */
function toUnicode(glyphs: readonly { readonly text: string }[]): string {
  const lines = glyphs.map(({ text }, n) => `<${(n + 1).toString(16).padStart(4, '0')}> <${hex16(text)}>`)
  const blocks: string[] = []
  for (let at = 0; at < lines.length; at += 100) {
    const block = lines.slice(at, at + 100)
    blocks.push(`${block.length} beginbfchar\n${block.join('\n')}\nendbfchar`)
  }
  return `/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Secflow def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n${blocks.join('\n')}\nendcmap\nend\nend`
}

function stream(document: PDFDocument, entries: Readonly<Record<string, number>>, data: Buffer): PDFRawStream {
  const packed = deflateSync(data, { level: 6 })
  return PDFRawStream.of(document.context.obj({ ...entries, Filter: 'FlateDecode', Length: packed.length }), packed)
}

/** UTF-16BE in hexadecimal digits. */
function hex16(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('hex')
}

/** For a literal string (7.3.4.2). */
function escaped(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(c)).replace(/[\\()]/g, '\\$&')
}

function rgb(color: string): string {
  return [1, 3, 5].map((at) => num(Number.parseInt(color.slice(at, at + 2), 16) / 255)).join(' ')
}

function num(value: number): string {
  return String(Math.round(value * 1000) / 1000)
}
