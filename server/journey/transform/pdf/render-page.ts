/** One document: the mail's particulars, the list of its files, its body. Runs inside the render worker. */
import { PDFDocument } from 'pdf-lib'
import { type PdfPageWords, pdfPageWords } from '../../../../shared/words/pdf.ts'
import type { DocumentPage } from '../../../ports/document.ts'
import { dateInWords, sizeInWords } from '../filelink/wording.ts'
import type { Body, Picture } from './blocks.ts'
import { startsRightToLeft } from './direction.ts'
import { drawBlock, type Pictures } from './draw.ts'
import { COLORS, type Column, createFlow, type Flow, look, MARGIN } from './flow.ts'
import { htmlBlocks } from './html-blocks.ts'
import { type CheckedImage, checkImage } from './images.ts'
import { createPaper, PAGE } from './sheet.ts'
import { textBlocks } from './text-blocks.ts'
import { createTypesetter } from './typeset.ts'

/** Recipients and files named one by one. */
const MAX_NAMED = { to: 20, files: 200 } as const
/** UTF-16 units of one file's name. */
const MAX_NAME = 1_000
const ACROSS: Column = { x: MARGIN, width: PAGE.width - 2 * MARGIN }
const LABELS = 58

export interface RenderRequest {
  readonly page: DocumentPage
  /** Draw the text, not the HTML: what is done when the HTML could not be drawn. */
  readonly textOnly: boolean
  /** Pages of the body, a whole PDF: only the cover is drawn here. */
  readonly body?: Uint8Array
}

/** A complete PDF. Throws what the layout throws; the caller has the fallback. */
export async function renderPage({ page, textOnly, body: pages }: RenderRequest): Promise<Buffer> {
  const words = pdfPageWords[page.language]
  const body = pages ? { blocks: [], shortened: false } : readBody(page, textOnly)
  const typesetter = createTypesetter()
  const paper = createPaper()
  const flow = createFlow(paper, typesetter)

  drawHeader(page, words, flow)
  drawFiles(page, words, flow)
  if (page.replyUrl !== undefined) drawReply(page.replyUrl, words, flow)
  const notices = [
    ...(textOnly && page.html !== undefined ? [words.simplified] : []),
    ...(body.shortened ? [words.shortened] : []),
  ]
  if (notices.length > 0) drawNotice([...notices, words.original(page.original)].join(' '), flow)
  flow.gap(10)
  const pictures = picturesOf(page, words)
  for (const block of body.blocks) drawBlock(block, flow, pictures)
  if (body.blocks.length === 0 && !pages) flow.text([{ text: words.empty, look: look({ color: COLORS.soft }) }], ACROSS)
  const { count, scripts } = typesetter.missing()
  if (count > 0) drawNotice(`${words.missing(count, scripts, '\ufffd')} ${words.original(page.original)}`, flow)
  // Where others follow, nobody knows yet how many pages there are.
  for (let n = 0; n < paper.pages && !pages; n += 1) {
    const soft = look({ size: 8, color: COLORS.soft })
    const line = flow.lines([{ text: words.page(n + 1, paper.pages), look: soft }], ACROSS.width)[0]!
    paper.text(line, PAGE.width - MARGIN - line.width, 812, n)
  }
  const cover = await paper.finish({ title: page.subject || words.noSubject, language: page.language })
  return pages ? followedBy(cover, pages) : cover
}

async function followedBy(cover: Buffer, pages: Uint8Array): Promise<Buffer> {
  const document = await PDFDocument.load(cover, { updateMetadata: false })
  const body = await PDFDocument.load(pages, { updateMetadata: false })
  for (const page of await document.copyPages(body, body.getPageIndices())) document.addPage(page)
  return Buffer.from(await document.save({ useObjectStreams: false }))
}

function readBody({ html, text }: DocumentPage, textOnly: boolean): Body {
  if (html === undefined || textOnly) return textBlocks(text)
  const body = htmlBlocks(html)
  return body.blocks.length === 0 ? textBlocks(text) : body
}

function headerRows(page: DocumentPage, words: PdfPageWords): [label: string, value: string][] {
  const named = page.to.slice(0, MAX_NAMED.to)
  const rest = page.to.length - named.length
  return [
    [words.from, page.from],
    [words.to, [...named, ...(rest > 0 ? [words.more(rest)] : [])].join(', ')],
    [words.date, dateInWords(page.language, page.date, 'UTC')],
    [words.subject, page.subject || words.noSubject],
  ]
}

function drawHeader(page: DocumentPage, words: PdfPageWords, flow: Flow): void {
  flow.paper.fill(MARGIN, flow.y - 3, ACROSS.width, 3, COLORS.accent)
  flow.panel(COLORS.panel, 10, ({ x, width }) => {
    flow.text([{ text: words.title, look: look({ size: 8.5, bold: true, color: COLORS.accent }) }], { x, width })
    flow.gap(3)
    for (const [label, value] of headerRows(page, words)) {
      const bold = label === words.subject
      const name = flow.lines([{ text: label, look: look({ color: COLORS.soft }) }], LABELS)[0]!
      flow.keep(14)
      flow.line(name, { x, width: LABELS }, flow.y, 14)
      const text = value.slice(0, 4000).toWellFormed()
      const runs = [{ text, look: look({ bold }) }]
      for (const line of flow.lines(runs, width - LABELS, startsRightToLeft(text))) {
        flow.keep(14)
        flow.line(line, { x: x + LABELS, width: width - LABELS }, flow.y, 14)
        flow.gap(14)
      }
      flow.gap(2)
    }
  })
}

/** Every file with its size and whole hash: what is taken out of the container can be held against it. */
function drawFiles({ files, language }: DocumentPage, words: PdfPageWords, flow: Flow): void {
  if (files.length === 0) return
  flow.gap(10)
  flow.keep(50)
  flow.text([{ text: `${words.files} (${files.length})`, look: look({ bold: true }) }], ACROSS)
  flow.gap(2)
  const shown = files.slice(0, MAX_NAMED.files)
  for (const { name, size, sha256 } of shown) {
    const bytes = flow.lines([{ text: sizeInWords(language, size), look: look({ size: 9 }) }], 100)[0]!
    const text = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name
    const names = flow.lines([{ text: text.toWellFormed(), look: look({ size: 9 }) }], ACROSS.width - 110)
    flow.keep(names.length * 12.6 + (sha256 ? 10 : 0) + 6)
    flow.paper.fill(MARGIN, flow.y, ACROSS.width, 0.5, COLORS.line)
    flow.gap(3)
    flow.line(bytes, ACROSS, flow.y, 12.6, { align: 'right' })
    for (const line of names) {
      flow.keep(12.6)
      flow.line(line, ACROSS, flow.y, 12.6)
      flow.gap(12.6)
    }
    if (sha256) flow.text([{ text: `SHA-256 ${sha256}`, look: look({ size: 7, color: COLORS.soft }) }], ACROSS)
    flow.gap(3)
  }
  const rest = files.length - shown.length
  if (rest > 0) flow.text([{ text: words.more(rest), look: look({ color: COLORS.soft }) }], ACROSS)
}

function drawReply(url: string, words: PdfPageWords, flow: Flow): void {
  flow.gap(8)
  flow.keep(30)
  const link = look({ bold: true, color: COLORS.link, underline: true, href: url })
  flow.text([{ text: words.reply, look: link }], ACROSS)
  flow.text([{ text: words.replyHint, look: look({ size: 8.5, color: COLORS.soft }) }], ACROSS)
}

function drawNotice(text: string, flow: Flow): void {
  flow.gap(8)
  flow.panel(COLORS.notice, 6, (column) =>
    flow.text([{ text, look: look({ size: 9, color: COLORS.noticeInk }) }], column),
  )
}

function picturesOf(page: DocumentPage, words: PdfPageWords): Pictures {
  const checked = new Map<string, CheckedImage | null>()
  return {
    image({ contentId, data }) {
      if (data !== undefined) return checkImage(data)
      if (!checked.has(contentId)) {
        const found = page.images?.get(contentId)
        checked.set(contentId, found ? checkImage(found.data) : null)
      }
      return checked.get(contentId) ?? null
    },
    insteadOf: ({ alternative, contentId }: Picture) => words.picture(alternative || contentId.slice(0, 120)),
  }
}
