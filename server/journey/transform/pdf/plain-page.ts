/** The last resort: the mail's particulars and text with the standard fonts every reader has, drawn without any layout engine. */
import { PDFDocument, type PDFFont, StandardFonts } from 'pdf-lib'
import { pdfPageWords } from '../../../../shared/words/pdf.ts'
import type { DocumentPage } from '../../../ports/document.ts'
import { dateInWords, sizeInWords } from '../filelink/wording.ts'

const [WIDTH, HEIGHT, MARGIN, SIZE, LEADING] = [595, 842, 50, 10, 14]
/** About 60 pages; the rest is in the message the caller attaches. */
const MAX_CHARACTERS = 150_000

/** A complete PDF; time and memory are linear in what is kept of the text. Characters outside Windows-1252 become `?`. */
export async function plainPage(page: DocumentPage): Promise<Buffer> {
  const words = pdfPageWords[page.language]
  const document = await PDFDocument.create()
  document.setTitle(page.subject || words.noSubject)
  const font = await document.embedFont(StandardFonts.Helvetica)
  const drawable = new Set(font.getCharacterSet())
  let replaced = 0
  const set = (text: string) =>
    [...text.normalize('NFC')]
      .map((character) => {
        if (drawable.has(character.codePointAt(0)!)) return character
        if (/[\p{L}\p{N}\p{S}]/u.test(character)) replaced += 1
        return /\s|\p{C}/u.test(character) ? ' ' : '?'
      })
      .join('')

  const text = page.text.slice(0, MAX_CHARACTERS)
  const body = text.split(/\r\n|\r|\n/).flatMap((line) => wrapped(set(line.replaceAll('\t', '    ')), font))
  const files = page.files
    .slice(0, 200)
    .flatMap(({ name, size, sha256 }) => [
      ...wrapped(set(`${name}  (${sizeInWords(page.language, size)})`), font),
      ...(sha256 ? wrapped(`SHA-256 ${sha256}`, font) : []),
    ])
  const header = [
    `${words.from}: ${page.from}`,
    `${words.to}: ${page.to.slice(0, 20).join(', ')}`,
    `${words.date}: ${dateInWords(page.language, page.date, 'UTC')}`,
    `${words.subject}: ${page.subject || words.noSubject}`,
  ].flatMap((line) => wrapped(set(line.slice(0, 2000)), font))
  const notices = [
    words.simplified,
    ...(text.length < page.text.length ? [words.shortened] : []),
    ...(replaced > 0 ? [words.missing(replaced, ['?'], '?')] : []),
    words.original(page.original),
  ].flatMap((line) => wrapped(set(line), font))
  const lines = [
    ...header,
    '',
    ...notices,
    '',
    ...(body.length > 0 ? body : [words.empty]),
    ...(files.length > 0 ? ['', `${words.files}:`, ...files] : []),
    ...(page.replyUrl ? ['', ...wrapped(set(`${words.reply}: ${page.replyUrl}`), font)] : []),
  ]
  const perPage = Math.floor((HEIGHT - 2 * MARGIN) / LEADING)
  for (let at = 0; at < lines.length; at += perPage) {
    const sheet = document.addPage([WIDTH, HEIGHT])
    sheet.setFont(font)
    sheet.setFontSize(SIZE)
    sheet.drawText(lines.slice(at, at + perPage).join('\n'), {
      x: MARGIN,
      y: HEIGHT - MARGIN - SIZE,
      lineHeight: LEADING,
    })
  }
  return Buffer.from(await document.save({ useObjectStreams: false }))
}

/** Lines no wider than the page, broken at spaces where there are any. */
function wrapped(text: string, font: PDFFont): string[] {
  const room = WIDTH - 2 * MARGIN
  const lines: string[] = []
  let line = ''
  let width = 0
  for (const word of text.split(/(?<= )/)) {
    for (const piece of word.match(/.{1,60}/gsu) ?? []) {
      const added = font.widthOfTextAtSize(piece, SIZE)
      if (width + added > room && line !== '') {
        lines.push(line)
        line = ''
        width = 0
      }
      line += piece
      width += added
    }
  }
  return [...lines, line]
}
