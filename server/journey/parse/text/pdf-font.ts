import { decodeCharset } from '../../../mime/charset.ts'
import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { nameOf, type PdfObjects } from './pdf-objects.ts'
import { MORE, type PdfDict, PdfOperator, PdfReader, type PdfValue } from './pdf-syntax.ts'

/** Characters of a shown string; null where the font does not tell. */
export type Decode = (bytes: string) => string | null

/** Octets of a code (9.7.6.2). */
const CODE_MAX = 4
/** Pieces of a CMap, or characters of it, between two looks at the clock. */
const PIECES = 500

/** How the bytes that a font shows become characters (ISO 32000-2 9.10.2). */
export async function fontDecoder(font: PdfDict | undefined, objects: PdfObjects): Promise<Decode> {
  if (!font) return () => null
  const cmap = font.has('ToUnicode') ? await objects.content(font.get('ToUnicode')) : undefined
  if (cmap !== undefined) return toUnicode(cmap, objects)
  if (nameOf(objects.resolve(font.get('Subtype'))) === 'Type0') return () => null
  const encoding = objects.dict(font.get('Encoding'))
  if (encoding?.has('Differences')) return () => null
  return (bytes) => decodeCharset(Buffer.from(bytes, 'latin1'), 'windows-1252')
}

/** A ToUnicode CMap: `bfchar` and `bfrange`; the length of codes as they are written. */
async function toUnicode(cmap: string, objects: PdfObjects): Promise<Decode> {
  const characters = new Map<string, string>()
  const lengths = new Set<number>()
  const reader = new PdfReader(cmap)
  let held: PdfValue[] = []
  let read = 0
  for (let value = reader.some(PIECES); value !== undefined; value = reader.some(PIECES)) {
    if ((value === MORE || ++read % PIECES === 0) && turnIsOver()) await othersTurn()
    if (value === MORE) continue
    if (!(value instanceof PdfOperator)) {
      held.push(value)
      continue
    }
    if (value.keyword === 'endbfchar') {
      for (let at = 0; at + 1 < held.length; at += 2) {
        if (++read % PIECES === 0 && turnIsOver()) await othersTurn()
        add(held[at], held[at + 1])
      }
    }
    if (value.keyword === 'endbfrange')
      for (let at = 0; at + 2 < held.length; at += 3) await range(held[at], held[at + 1], held[at + 2])
    held = []
  }
  const longest = Math.max(1, ...lengths)
  return (bytes) => {
    const out: string[] = []
    for (let at = 0; at < bytes.length; ) {
      let length = longest
      while (length > 1 && !(lengths.has(length) && characters.has(bytes.slice(at, at + length)))) length--
      const code = bytes.slice(at, at + length)
      const known = characters.get(code)
      out.push(known ?? '')
      at += known === undefined ? longest : length
    }
    return out.join('')
  }

  function add(code: PdfValue | undefined, text: PdfValue | undefined): void {
    if (typeof code !== 'string' || typeof text !== 'string' || code === '' || code.length > CODE_MAX) return
    if (--objects.charactersLeft < 0) {
      objects.partial = true
      return
    }
    lengths.add(code.length)
    characters.set(code, utf16(text))
  }

  async function range(
    from: PdfValue | undefined,
    to: PdfValue | undefined,
    text: PdfValue | undefined,
  ): Promise<void> {
    if (typeof from !== 'string' || typeof to !== 'string' || from.length !== to.length || from.length > CODE_MAX)
      return
    const [low, high] = [number(from), number(to)]
    for (let code = low; code <= high && code - low < 65_536 && objects.charactersLeft >= 0; code++) {
      if (++read % PIECES === 0 && turnIsOver()) await othersTurn()
      const bytes = code.toString(16).padStart(from.length * 2, '0')
      const target = Array.isArray(text)
        ? (text as PdfValue[])[code - low]
        : typeof text === 'string'
          ? after(text, code - low)
          : undefined
      add(Buffer.from(bytes, 'hex').toString('latin1'), target)
    }
  }
}

const number = (bytes: string): number => Number.parseInt(Buffer.from(bytes, 'latin1').toString('hex') || '0', 16)

/** The text whose last UTF-16 unit is `by` further. */
function after(text: string, by: number): string {
  const last = (number(text.slice(-2)) + by) & 0xffff
  return text.slice(0, -2) + String.fromCharCode(last >> 8, last & 0xff)
}

function utf16(bytes: string): string {
  const even = Buffer.from(bytes.length % 2 ? `\0${bytes}` : bytes, 'latin1')
  return even.swap16().toString('utf16le')
}
