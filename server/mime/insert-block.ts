import type { DefaultTreeAdapterTypes } from 'parse5'
import { parseHtml } from './html.ts'

/** Words of the gateway for the reader, in both forms. `html` is a fragment for inside of body. */
export interface BodyBlock {
  readonly position: 'top' | 'bottom'
  readonly text: string
  readonly html: string
}

/** Plain text with the blocks before or after it, an empty line between. */
export function insertText(text: string, blocks: readonly BodyBlock[]): string {
  let result = text
  for (const block of blocks) {
    const words = block.text.replace(/[ \t]+$/gm, '').trim()
    result = block.position === 'top' ? `${words}\n\n${result}` : `${result.trimEnd()}\n\n${words}\n`
  }
  return result
}

/**
 * HTML with the blocks at the start or end of its body as a browser sees it (not as a pattern in the text finds it: a `</body>`
 * inside of a comment or script is none). Every other character stays. HTML that is too deep to be read gets them around it.
 */
export async function insertHtml(html: string, blocks: readonly BodyBlock[]): Promise<string> {
  const { first, last } = await bodyRange(html)
  const at = (position: BodyBlock['position']) =>
    blocks
      .filter((block) => block.position === position)
      .map((block) => `\r\n${block.html}\r\n`)
      .join('')
  return html.slice(0, first) + at('top') + html.slice(first, last) + at('bottom') + html.slice(last)
}

async function bodyRange(html: string): Promise<{ readonly first: number; readonly last: number }> {
  const document = await parseHtml(html)
  if (!document) return { first: 0, last: html.length }
  const root = document.childNodes.find((node): node is DefaultTreeAdapterTypes.Element => node.nodeName === 'html')
  const body = root?.childNodes.find((node): node is DefaultTreeAdapterTypes.Element => node.nodeName === 'body')
  const location = body?.sourceCodeLocation
  const start = location?.startTag?.endOffset ?? firstOffset(body) ?? html.length
  const end = location?.endTag?.startOffset ?? root?.sourceCodeLocation?.endTag?.startOffset ?? html.length
  return { first: start, last: Math.max(start, end) }
}

/** Without a body tag the body begins where its first node does. */
function firstOffset(body: DefaultTreeAdapterTypes.Element | undefined): number | undefined {
  return body?.childNodes.find((node) => node.sourceCodeLocation)?.sourceCodeLocation?.startOffset
}
