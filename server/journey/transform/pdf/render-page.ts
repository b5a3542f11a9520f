/** One document: the mail's particulars, its body, the list of its files. Runs inside the render worker. */
import { Document, Font, Link, Page, renderToBuffer, Text, View } from '@react-pdf/renderer'
import { createElement as h, type ReactElement, type ReactNode } from 'react'
import { type PdfPageWords, pdfPageWords } from '../../../../shared/words/pdf.ts'
import type { DocumentPage } from '../../../ports/document.ts'
import { dateInWords, sizeInWords } from '../filelink/wording.ts'
import type { Block, Body } from './blocks.ts'
import { COLORS, type Drawing, drawBlock, drawRuns, MARGIN, PAGE_STYLE } from './draw.ts'
import { htmlBlocks } from './html-blocks.ts'
import { type CheckedImage, checkImage } from './images.ts'
import { textBlocks } from './text-blocks.ts'
import { breakPlaces, createTypesetter, type Typesetter } from './typeset.ts'

Font.registerHyphenationCallback((word) => breakPlaces(word ?? ''))

/** Recipients and files named one by one. */
const MAX_NAMED = { to: 20, files: 200 } as const

export interface RenderRequest {
  readonly page: DocumentPage
  /** Draw the text, not the HTML: what is done when the HTML could not be drawn. */
  readonly textOnly: boolean
}

/** A complete PDF. Throws what the layout throws; the caller has the fallback. */
export async function renderPage({ page, textOnly }: RenderRequest): Promise<Buffer> {
  const words = pdfPageWords[page.language]
  const body = readBody(page, textOnly)
  const particulars = headerRows(page, words)
  const typesetter = await createTypesetter(allText(page, body, particulars))
  const drawing = createDrawing(page, words, typesetter)

  const blocks = body.blocks.map((block, n) => drawBlock(block, n, drawing))
  const header = drawHeader(particulars, words, typesetter)
  const files = drawFiles(page, words, typesetter)
  const { count, scripts } = typesetter.missing()
  const notices = [
    ...(textOnly && page.html !== undefined ? [words.simplified] : []),
    ...(body.shortened ? [words.shortened] : []),
    ...(count > 0 ? [words.missing(count, scripts, '\ufffd')] : []),
  ]
  if (notices.length > 0) notices.push(words.original(page.original))
  return renderToBuffer(
    h(
      Document,
      { title: page.subject || words.noSubject, language: page.language, producer: 'Secflow', creator: 'Secflow' },
      h(
        Page,
        {
          size: 'A4',
          style: PAGE_STYLE,
          // The older pagination takes quadratic time, and fails on long mails with numbers no PDF can hold.
          experimentalPagination: true,
          layout: ({ children, pageNumber = 1, totalPages = pageNumber }) => [
            h(View, { key: 'content', style: CONTENT }, children),
            h(Text, { key: 'number', style: FOOTER }, words.page(pageNumber, totalPages)),
          ],
        },
        header,
        notices.length > 0 ? h(Text, { style: NOTICE }, styled(notices.join(' '), false, typesetter)) : null,
        h(View, { style: { paddingVertical: 10 } }, blocks.length > 0 ? blocks : h(Text, { style: SOFT }, words.empty)),
        files,
        page.replyUrl === undefined ? null : drawReply(page.replyUrl, words),
      ),
    ),
  )
}

const SOFT = { color: COLORS.soft } as const
const NOTICE = { marginTop: 8, padding: 6, fontSize: 9, backgroundColor: '#fff4d6', color: '#5c4400' } as const
const CONTENT = { flexGrow: 1, padding: MARGIN } as const
/** From the top: `bottom` is not taken at its word in a page's template. */
const FOOTER = { position: 'absolute', top: 805, right: MARGIN, fontSize: 8, color: COLORS.soft } as const

function readBody({ html, text }: DocumentPage, textOnly: boolean): Body {
  if (html === undefined || textOnly) return textBlocks(text)
  const body = htmlBlocks(html)
  return body.blocks.length === 0 ? textBlocks(text) : body
}

type Particular = readonly [label: string, value: string]

function headerRows(page: DocumentPage, words: PdfPageWords): Particular[] {
  const named = page.to.slice(0, MAX_NAMED.to)
  const rest = page.to.length - named.length
  return [
    [words.from, page.from],
    [words.to, [...named, ...(rest > 0 ? [words.more(rest)] : [])].join(', ')],
    [words.date, dateInWords(page.language, page.date, 'UTC')],
    [words.subject, page.subject || words.noSubject],
  ].map(([label, value]) => [label!, value!.slice(0, 4000)] as const)
}

function createDrawing(page: DocumentPage, words: PdfPageWords, typesetter: Typesetter): Drawing {
  const checked = new Map<string, CheckedImage | null>()
  return {
    typesetter,
    image(contentId) {
      if (!checked.has(contentId)) {
        const found = page.images?.get(contentId)
        checked.set(contentId, found ? checkImage(found.data) : null)
      }
      return checked.get(contentId) ?? null
    },
    insteadOf: ({ alternative, contentId }) => words.picture(alternative || contentId.slice(0, 120)),
  }
}

function drawHeader(rows: readonly Particular[], words: PdfPageWords, typesetter: Typesetter): ReactElement {
  const row = ([label, value]: Particular, key: number) =>
    h(
      View,
      { key, style: { flexDirection: 'row', marginTop: 2 } },
      h(Text, { style: { width: 58, ...SOFT } }, label),
      h(
        Text,
        { style: { flexGrow: 1, flexShrink: 1, flexBasis: 0 } },
        styled(value, key === rows.length - 1, typesetter),
      ),
    )
  return h(
    View,
    { style: { backgroundColor: COLORS.panel, borderTopWidth: 3, borderTopColor: COLORS.accent, padding: 10 } },
    h(Text, { style: { fontSize: 8.5, fontWeight: 700, color: COLORS.accent, marginBottom: 3 } }, words.title),
    rows.map(row),
  )
}

function drawFiles(
  { files, language }: DocumentPage,
  words: PdfPageWords,
  typesetter: Typesetter,
): ReactElement | null {
  if (files.length === 0) return null
  const shown = files.slice(0, MAX_NAMED.files)
  const cell = (width: string, content: ReactNode, style = {}) =>
    h(View, { style: { width, padding: 3 } }, h(Text, { style: { fontSize: 9, ...style } }, content))
  const rows = shown.map(({ name, size, sha256 }, key) =>
    h(
      View,
      { key, wrap: false, style: { flexDirection: 'row', borderTopWidth: 0.5, borderTopColor: COLORS.line } },
      cell('52%', styled(name, false, typesetter)),
      cell('16%', sizeInWords(language, size), { textAlign: 'right' }),
      cell('32%', sha256 ? `SHA-256 ${sha256.slice(0, 16)}…` : '', { ...SOFT, paddingLeft: 8 }),
    ),
  )
  const rest = files.length - shown.length
  return h(
    View,
    { style: { marginTop: 6 } },
    h(Text, { style: { fontWeight: 700, marginBottom: 3 }, minPresenceAhead: 30 }, `${words.files} (${files.length})`),
    rows,
    rest > 0 ? h(Text, { style: SOFT }, words.more(rest)) : null,
  )
}

function drawReply(url: string, words: PdfPageWords): ReactElement {
  return h(
    View,
    { wrap: false, style: { marginTop: 14 } },
    h(Link, { src: url, style: { color: COLORS.link, fontWeight: 700 } }, words.reply),
    h(Text, { style: { ...SOFT, fontSize: 8.5 } }, words.replyHint),
  )
}

function styled(text: string, bold: boolean, typesetter: Typesetter): ReactElement[] {
  return drawRuns([{ text, style: bold ? { bold } : {} }], typesetter)
}

/** Everything that will be set, so that its fonts are there before layout begins. */
function* allText(page: DocumentPage, body: Body, particulars: readonly Particular[]): Iterable<string> {
  for (const [, value] of particulars) yield value
  for (const { name } of page.files.slice(0, MAX_NAMED.files)) yield name
  for (const block of body.blocks) yield* blockText(block)
  yield page.original ?? ''
}

function* blockText(block: Block): Iterable<string> {
  switch (block.kind) {
    case 'paragraph':
      for (const { text } of block.runs) yield text
      return
    case 'table':
      for (const row of block.rows) for (const { runs } of row) for (const { text } of runs) yield text
      return
    case 'picture':
      yield block.alternative
      yield block.contentId
      return
    case 'rule':
      return
  }
}
