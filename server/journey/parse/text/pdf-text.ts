import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { type Decode, fontDecoder } from './pdf-font.ts'
import { nameOf, PdfObjects } from './pdf-objects.ts'
import { MORE, type PdfDict, PdfName, PdfOperator, PdfReader, PdfRef, type PdfValue } from './pdf-syntax.ts'

const PAGES_MAX = 2_000
const FORMS_MAX = 500
/** Pieces of content of all pages together; most pages have one. */
const PARTS_MAX = 20_000
/** Bytes of one string that are shown (32,767 until PDF 2.0). */
const STRING_MAX = 65_536
const OPERANDS_MAX = 1_000
/** Pieces of a content stream between two looks at the clock. */
const PIECES = 500
/** Thousandths of the font size: a wider gap between two pieces is a space. */
const GAP = -180

/**
 * Words of a PDF (ISO 32000-2 9.4) in the order of its content streams. `cut` when something could not be read: a filter other than
 * Flate, a font that does not tell its characters. Pictures of text are no text. undefined when there is no page to read.
 */
export async function pdfText(
  bytes: Buffer,
  cap: number,
): Promise<{ readonly text: string; readonly cut: boolean } | undefined> {
  const objects = await PdfObjects.read(bytes)
  const page = new Words(objects, cap)
  let pages = 0
  let parts = 0
  for (const dict of objects.ofType('Page')) {
    if (++pages > PAGES_MAX || page.full) break
    const contents = objects.resolve(dict.get('Contents'))
    const streams: string[] = []
    for (const part of Array.isArray(contents) ? (contents as readonly PdfValue[]) : [dict.get('Contents')]) {
      if (part === undefined) continue
      if (++parts > PARTS_MAX) {
        objects.partial = true
        break
      }
      streams.push((await objects.content(part)) ?? '')
    }
    await page.show(streams.join('\n'), inherited(dict, objects))
    page.line()
  }
  if (pages === 0) return undefined
  return { text: page.text(), cut: objects.partial || page.partial || page.full || pages > PAGES_MAX }
}

/** Resources of a page or of the nodes above it (7.7.3.4). */
function inherited(page: PdfDict, objects: PdfObjects): PdfDict | undefined {
  let node: PdfDict | undefined = page
  for (let up = 0; node && up < 32; up++) {
    const resources = objects.dict(node.get('Resources'))
    if (resources) return resources
    node = objects.dict(node.get('Parent'))
  }
  return undefined
}

class Words {
  readonly #objects: PdfObjects
  readonly #cap: number
  readonly #out: string[] = []
  readonly #decoders = new Map<PdfDict, Decode>()
  #length = 0
  #forms = 0
  partial = false

  constructor(objects: PdfObjects, cap: number) {
    this.#objects = objects
    this.#cap = cap
  }

  get full(): boolean {
    return this.#length >= this.#cap
  }

  text(): string {
    return this.#out
      .join('')
      .replace(/[ \t]+/g, ' ')
      .replace(/ ?\n[ \n]*/g, '\n')
      .trim()
  }

  line(): void {
    this.#put('\n')
  }

  #put(text: string): void {
    this.#out.push(text)
    this.#length += text.length
  }

  /** Carries out the text operators of one content stream, and of the forms it draws. */
  async show(content: string, resources: PdfDict | undefined, depth = 0): Promise<void> {
    const reader = new PdfReader(content)
    const fonts = this.#objects.dict(resources?.get('Font'))
    let decode: Decode = () => null
    let operands: PdfValue[] = []
    let read = 0
    for (let value = reader.some(PIECES); value !== undefined && !this.full; value = reader.some(PIECES)) {
      if ((value === MORE || ++read % PIECES === 0) && turnIsOver()) await othersTurn()
      if (value === MORE) continue
      if (!(value instanceof PdfOperator)) {
        if (operands.length < OPERANDS_MAX) operands.push(value)
        continue
      }
      const last = operands.at(-1)
      switch (value.keyword) {
        case 'Tf':
          if (operands[0] instanceof PdfName) decode = await this.#decoder(fonts?.get(operands[0].name))
          break
        case 'Tj':
          this.#string(last, decode)
          break
        case "'":
        case '"':
          this.line()
          this.#string(last, decode)
          break
        case 'TJ':
          for (const piece of Array.isArray(last) ? (last as readonly PdfValue[]) : []) {
            if (++read % PIECES === 0 && turnIsOver()) await othersTurn()
            if (typeof piece === 'string') this.#string(piece, decode)
            else if (typeof piece === 'number' && piece < GAP) this.#put(' ')
          }
          break
        case 'Td':
        case 'TD':
          this.#put(last === 0 ? ' ' : '\n')
          break
        case 'T*':
        case 'Tm':
        case 'ET':
          this.line()
          break
        case 'BI': {
          const end = content.slice(reader.at).search(/[\0\t\n\f\r ]EI(?=[\0\t\n\f\r ]|$)/)
          reader.at = end < 0 ? content.length : reader.at + end + 3
          break
        }
        case 'Do':
          if (last instanceof PdfName)
            await this.#form(this.#objects.dict(resources?.get('XObject'))?.get(last.name), resources, depth)
      }
      operands = []
    }
  }

  async #decoder(font: PdfValue | undefined): Promise<Decode> {
    const dict = this.#objects.dict(font)
    if (!dict) return () => null
    let decode = this.#decoders.get(dict)
    if (!decode) {
      decode = await fontDecoder(dict, this.#objects)
      this.#decoders.set(dict, decode)
    }
    return decode
  }

  #string(bytes: PdfValue | undefined, decode: Decode): void {
    if (typeof bytes !== 'string') return
    const text = decode(bytes.slice(0, STRING_MAX))
    if (text === null || bytes.length > STRING_MAX) this.partial = true
    if (text !== null) this.#put(text)
  }

  async #form(value: PdfValue | undefined, resources: PdfDict | undefined, depth: number): Promise<void> {
    const dict = this.#objects.dict(value)
    if (!dict || !(value instanceof PdfRef) || nameOf(this.#objects.resolve(dict.get('Subtype'))) !== 'Form') return
    if (depth >= 5 || ++this.#forms > FORMS_MAX) {
      this.partial = true
      return
    }
    const content = await this.#objects.content(value)
    if (content !== undefined)
      await this.show(content, this.#objects.dict(dict.get('Resources')) ?? resources, depth + 1)
  }
}
