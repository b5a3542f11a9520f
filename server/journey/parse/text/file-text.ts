import type { AttachmentFacts } from '../../../../shared/domain/index.ts'
import { decodeCharset } from '../../../mime/charset.ts'
import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { type HtmlWords, htmlWords } from '../html-text.ts'
import { officeText } from './office.ts'
import { pdfText } from './pdf-text.ts'

/** Decoded bytes of the largest file that is read for its words; of a larger text file the beginning is. */
const FILE_MAX = 8 * 1_048_576
/** Bytes of text files; a tree of HTML takes a hundred times its text. */
const PLAIN_MAX = 524_288
const HTML_MAX = 262_144
/** Characters kept of one file and of all files of a mail. */
const TEXT_MAX = 262_144
const ALL_MAX = 1_048_576

const OFFICE = /^(doc|xls|ppt)[xm]$|^od[tsp]$/
/** Kinds of file in which nobody writes words, or none that this reads (pictures of text need OCR). */
const WORDLESS = new Set(
  'dcm png jpg gif tif bmp webp dwg step ifc jt stl iges parasolid catia glb p7s sig pgpkey exe elf macho lnk'.split(
    ' ',
  ),
)
const PLAIN = new Set(
  'txt text csv tsv log md json xml yaml yml ini conf eml ics vcf sql html htm xhtml rtf svg'.split(' '),
)
const HTML = /^(text\/html|application\/xhtml\+xml)$/

/** Words of a mail's files within one budget. */
export class FileTexts {
  readonly wanted: boolean
  #left = ALL_MAX

  /** Unwanted, every file's words stay unknown and no byte is kept. */
  constructor(wanted = true) {
    this.wanted = wanted
  }

  /**
   * Facts `text` and `textCut` of one file: null where such files hold no words, undefined (no key) where there may be some
   * that cannot be read (locked, damaged, too large, an archive, an unknown format).
   */
  async of(
    file: Pick<AttachmentFacts, 'type' | 'declaredType' | 'extension' | 'size' | 'encrypted'>,
    charset: string | undefined,
    open: () => AsyncIterable<Buffer>,
  ): Promise<Pick<AttachmentFacts, 'text' | 'textCut'>> {
    if (!this.wanted) return {}
    const { type } = file
    if (type !== null && WORDLESS.has(type)) return { text: null }
    if (file.encrypted) return {}
    if (file.size === 0) return { text: '' }
    // Nothing of it could be kept.
    if (this.#left <= 0) return { text: '', textCut: true }
    const found = await this.#read(file, charset, open)
    if (found === undefined) return {}
    const cap = Math.min(TEXT_MAX, this.#left)
    const text = found.text.slice(0, cap).toWellFormed()
    this.#left -= text.length
    return { text, ...(found.cut || found.text.length > cap ? { textCut: true } : {}) }
  }

  async #read(
    { type, declaredType, extension, size }: Pick<AttachmentFacts, 'type' | 'declaredType' | 'extension' | 'size'>,
    charset: string | undefined,
    open: () => AsyncIterable<Buffer>,
  ): Promise<{ readonly text: string; readonly cut: boolean } | undefined> {
    if (type !== null && OFFICE.test(type)) {
      return size > FILE_MAX ? undefined : officeText(type, await beginning(open(), FILE_MAX), TEXT_MAX)
    }
    if (type === 'pdf') return size > FILE_MAX ? undefined : pdfText(await beginning(open(), FILE_MAX), TEXT_MAX)
    if (type !== null && type !== 'svg' && type !== 'ics' && type !== 'rtf') return undefined
    if (!PLAIN.has(extension) && !/^(text|message)\//.test(declaredType) && type === null) return undefined
    const html = HTML.test(declaredType) || /^x?html?$|^svg$/.test(extension)
    const max = html ? HTML_MAX : PLAIN_MAX
    const bytes = await beginning(open(), max)
    const raw = textOf(bytes, charset)
    if (raw === undefined) return undefined
    if (html) {
      const words = await htmlWords(raw)
      return { text: allWords(words), cut: size > max || words.cut }
    }
    return { text: type === 'rtf' ? await rtfText(raw) : raw, cut: size > max }
  }
}

export const allWords = ({ text, aside }: HtmlWords) => (aside ? `${text}\n${aside}` : text)

/** Bytes as text; undefined for what is binary whatever it is called. */
function textOf(bytes: Buffer, charset: string | undefined): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le')
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeCharset(bytes.subarray(2), 'utf-16be')
  const text = decodeCharset(bytes, charset)
  return text.includes('\0') ? undefined : text
}

/** Characters of windows-1252 by octet. */
const WINDOWS = Array.from({ length: 256 }, (_, octet) => decodeCharset(Buffer.from([octet]), 'windows-1252'))
/** Characters of RTF between two looks at the clock. */
const RTF_PIECE = 16_384
/** Where RTF can be cut: a control word begins, and nothing that stands for a character. */
const CONTROL_WORD = /(?<!\\)\\[a-z]/gi

/** RTF 1.9 without its control words; what is escaped becomes characters. */
export async function rtfText(rtf: string): Promise<string> {
  const out: string[] = []
  for (let at = 0; at < rtf.length; ) {
    if (turnIsOver()) await othersTurn()
    CONTROL_WORD.lastIndex = at + RTF_PIECE
    const end = CONTROL_WORD.exec(rtf)?.index ?? rtf.length
    out.push(plainRtf(rtf.slice(at, end)))
    at = end
  }
  return out.join('')
}

function plainRtf(rtf: string): string {
  return rtf
    .replace(/\\'([0-9a-f]{2})/gi, (_, hex: string) => WINDOWS[Number.parseInt(hex, 16)]!)
    .replace(/\\u(-?\d{1,6}) ?\??/g, (_, code: string) => String.fromCharCode(Number(code) & 0xffff))
    .replace(/\\(?:par|line|tab|cell|row)\b ?/g, '\n')
    .replace(/\\[a-z]{1,32}-?\d{0,10} ?|[{}]/gi, '')
}

async function beginning(chunks: AsyncIterable<Buffer>, cap: number): Promise<Buffer> {
  const kept: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    kept.push(chunk.subarray(0, cap - size))
    size += chunk.length
    if (size >= cap) break
  }
  return Buffer.concat(kept)
}
