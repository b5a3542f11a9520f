import { canDecode, readText } from '../../mime/charset.ts'
import { decodedBody } from '../../mime/decode.ts'
import type { MimeIndex, MimePart } from '../../mime/part.ts'
import { readableParts } from '../../mime/readable.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { type HtmlWords, htmlWords } from './html-text.ts'

/** The body as a person reads it. */
export interface ReadableBody {
  /** Plain text; made from the HTML where the mail has no other. */
  readonly text: string
  readonly html?: string
  /** Pictures the HTML shows, by Content-ID. */
  readonly images: ReadonlyMap<string, { readonly mediaType: string; readonly data: Uint8Array }>
  /** Something was longer than the caps and is not in here. */
  readonly cut: boolean
}

/** Bytes of decoded text that are kept, in all parts together. */
const TEXT_MAX = 1_048_576
const HTML_MAX = 2 * 1_048_576
const IMAGE_MAX = 5 * 1_048_576
const IMAGES_MAX = 10 * 1_048_576
/** Characters of `MessageFacts.bodyText`. */
export const FACTS_MAX = 262_144

export interface Body {
  /** Reads the body anew, with its pictures and more of its text than rules see: only a page that is drawn needs that. */
  readable(): Promise<ReadableBody>
  /** Words for the rules: plain text and the words of the HTML, because a reader may show either. */
  readonly bodyText: string
  /** There are more words than `bodyText` keeps. */
  readonly bodyCut: boolean
  /** The parts that were read as body. */
  readonly parts: ReadonlySet<MimePart>
}

/** Reads the body within bounds; `defects` receives what the decoders found. */
export async function readBody(source: ByteSource, index: MimeIndex, defects: Set<string>): Promise<Body> {
  const { groups } = readableParts(index.root, { enterSigned: true })
  const { words, cut } = await readTexts(source, index, FACTS_MAX, defects)
  const all = joined(words)
  return {
    readable: () => readReadable(source, index),
    bodyText: all.slice(0, FACTS_MAX).toWellFormed(),
    bodyCut: cut || all.length > FACTS_MAX,
    parts: new Set(groups.flatMap((group) => [...group.plain, ...group.html])),
  }
}

async function readReadable(source: ByteSource, index: MimeIndex): Promise<ReadableBody> {
  const { related } = readableParts(index.root, { enterSigned: true })
  const { plain, html, hasHtml, cut } = await readTexts(source, index, TEXT_MAX)
  const images = hasHtml ? await readImages(source, related) : new Map()
  return { text: joined(plain), ...(hasHtml ? { html: html.join('\n') } : {}), images, cut }
}

interface Texts {
  /** As a person reads it, once as text and once as HTML. */
  readonly plain: readonly string[]
  readonly html: readonly string[]
  readonly hasHtml: boolean
  readonly words: readonly string[]
  readonly cut: boolean
}

async function readTexts(source: ByteSource, index: MimeIndex, textMax: number, defects?: Set<string>): Promise<Texts> {
  const { groups } = readableParts(index.root, { enterSigned: true })
  let cut = false
  const read = async (parts: readonly MimePart[], cap: number) => {
    const texts: string[] = []
    let left = cap
    for (const part of parts) {
      const got = await readText(decodedBody(source, part, defects), part.parameters.get('charset'), left)
      texts.push(got.text)
      left = Math.max(0, left - got.text.length)
      // Words in a charset nobody knows were guessed: there may be others.
      cut ||= got.cut || !canDecode(part.parameters.get('charset'))
    }
    return texts
  }
  const hasHtml = groups.some((group) => group.html.length > 0)
  const plain: string[] = []
  const html: string[] = []
  const words: string[] = []
  for (const group of groups) {
    const texts = await read(group.plain, textMax)
    const pages = await read(group.html, HTML_MAX)
    const pageWords: HtmlWords[] = []
    for (const page of pages) {
      const found = await htmlWords(page)
      pageWords.push(found)
      cut ||= found.cut
    }
    plain.push(...(texts.length > 0 ? texts : pageWords.map(({ text }) => text)))
    html.push(...(pages.length > 0 || !hasHtml ? pages : texts.map(textToHtml)))
    words.push(...texts, ...pageWords.flatMap(({ text, aside }) => (aside ? [text, aside] : [text])))
  }
  return { plain, html, hasHtml, words, cut }
}

const joined = (texts: readonly string[]) => texts.map(withLf).join('\n\n')

/** Bare CRs are rare: the pattern for both took a fifth of the reading of a long text. */
function withLf(text: string): string {
  const lines = text.replaceAll('\r\n', '\n')
  return lines.includes('\r') ? lines.replaceAll('\r', '\n') : lines
}

function textToHtml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<div style="white-space: pre-wrap">${escaped}</div>`
}

async function readImages(source: ByteSource, related: readonly MimePart[]) {
  const images = new Map<string, { readonly mediaType: string; readonly data: Uint8Array }>()
  let total = 0
  for (const part of related) {
    const wire = part.bodyEnd - part.bodyStart
    if (!part.contentId || !part.type.startsWith('image/') || images.has(part.contentId) || wire > IMAGE_MAX * 1.5)
      continue
    const chunks: Buffer[] = []
    for await (const chunk of decodedBody(source, part)) chunks.push(chunk)
    const data = Buffer.concat(chunks)
    total += data.length
    if (total > IMAGES_MAX) break
    images.set(part.contentId, { mediaType: part.type, data })
  }
  return images
}
