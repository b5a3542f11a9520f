import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { unzip, zipEntries } from './zip-entries.ts'

/** Parts that hold what people wrote, by type of document (ECMA-376, OpenDocument 1.3). */
const PARTS: Readonly<Record<string, RegExp>> = {
  doc: /^word\/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$/i,
  xls: /^xl\/(sharedStrings|comments\d*|worksheets\/sheet\d+|threadedComments\/.+)\.xml$|^xl\/workbook\.xml$/i,
  ppt: /^ppt\/(slides\/slide|notesSlides\/notesSlide|comments\/.+|comments)\d*\.xml$/i,
  od: /^(content|styles)\.xml$/i,
}
/** Unpacked bytes of all parts of one document together. */
const UNPACKED_MAX = 8 * 1_048_576

/** Words of an Office document; undefined when it cannot be read, `cut` when it holds more than the caps. */
export async function officeText(
  type: string,
  bytes: Buffer,
  cap: number,
): Promise<{ readonly text: string; readonly cut: boolean } | undefined> {
  const wanted = PARTS[type.startsWith('od') ? 'od' : type.slice(0, 3)]
  const entries = zipEntries(bytes)
  if (!wanted || !entries) return undefined
  const texts: string[] = []
  let left = UNPACKED_MAX
  let room = cap
  let cut = false
  // A document without a single part of the usual names has its words elsewhere: readers follow the relationships.
  if (!entries.some(({ name }) => wanted.test(name))) return undefined
  for (const entry of entries) {
    if (!wanted.test(entry.name)) continue
    const xml = await unzip(bytes, entry, left)
    if (xml === null) {
      cut = true
      continue
    }
    left -= xml.length
    const decoded = xmlString(xml)
    const text = await xmlWords(decoded.text, room)
    cut ||= text.length > room || !decoded.known
    texts.push(text.slice(0, room))
    room = Math.max(0, room - text.length)
  }
  return { text: texts.filter(Boolean).join('\n').toWellFormed(), cut }
}

/** XML as UTF-8 or UTF-16 (XML 1.0 4.3.3 and appendix F); `known` is false where it says that it is something else. */
function xmlString(bytes: Buffer): { readonly text: string; readonly known: boolean } {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0))
    return { text: bytes.toString('utf16le'), known: true }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) {
    const even = bytes.subarray(0, bytes.length & ~1)
    return { text: Buffer.from(even).swap16().toString('utf16le'), known: true }
  }
  const declared = /^[^<]{0,8}<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})/.exec(
    bytes.toString('latin1', 0, 300),
  )?.[1]
  return { text: bytes.toString('utf8'), known: declared === undefined || /^(utf-?8|us-ascii)$/i.test(declared) }
}

/** Ends of paragraphs, cells and lines; runs inside a word have no space between them. */
const BREAK =
  /^\/?(?:w:p|w:tc|w:br|w:cr|w:tab|a:p|a:br|si|c|v|row|text:p|text:h|text:line-break|text:tab|text:s|table:table-cell)$/
/** Pieces of XML between two looks at the clock, and the characters after which a piece ends. */
const PIECES = 10
const LONG = 4_096
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Character data of XML, in linear time and without a parser that resolves anything. */
export function xmlText(xml: string): string {
  const out: string[] = []
  for (const piece of xmlPieces(xml)) out.push(piece)
  return tidy(out)
}

/** The same with turns of the event loop between; ends beyond `cap` characters. */
async function xmlWords(xml: string, cap: number): Promise<string> {
  const out: string[] = []
  let length = 0
  let pieces = 0
  for (const piece of xmlPieces(xml)) {
    if (++pieces % PIECES === 0 && turnIsOver()) await othersTurn()
    if (piece === '') continue
    out.push(piece)
    length += piece.length
    // Line breaks may still go: a reader that stopped at the cap would not know whether there is more.
    if (length > 2 * cap + 1_000) break
  }
  return tidy(out)
}

function* xmlPieces(xml: string): Generator<string> {
  for (let at = 0; at < xml.length; ) {
    const open = xml.indexOf('<', at)
    const stop = open < 0 ? xml.length : open
    while (at < stop) {
      // References begin with what a piece may begin with.
      const next = stop - at > LONG ? xml.indexOf('&', at + LONG) : -1
      const end = next < 0 || next > stop ? stop : next
      yield unescaped(xml.slice(at, end))
      at = end
    }
    if (open < 0) break
    if (xml.startsWith('<![CDATA[', open)) {
      const close = xml.indexOf(']]>', open)
      yield xml.slice(open + 9, close < 0 ? xml.length : close)
      at = close < 0 ? xml.length : close + 3
      continue
    }
    const close = xml.indexOf('>', open)
    if (close < 0) break
    const name = /^\/?[\w:.-]{1,60}/.exec(xml.slice(open + 1, Math.min(close, open + 64)))?.[0] ?? ''
    if (BREAK.test(name)) yield '\n'
    else yield ''
    at = close + 1
  }
}

function tidy(pieces: readonly string[]): string {
  return pieces
    .join('')
    .replace(/\n{2,}/g, '\n')
    .trim()
}

function unescaped(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi, (all, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? all
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ''
  })
}
