import type { DefaultTreeAdapterTypes } from 'parse5'
import { parseHtml } from '../../mime/html.ts'

type Node = DefaultTreeAdapterTypes.Node

const SILENT = new Set(['script', 'style', 'head', 'template', 'noscript', 'iframe', 'object', 'svg'])
const BREAKS = new Set(
  'p div br tr li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre section article header footer dt dd'.split(' '),
)

/**
 * The words of an HTML body as plain text: blocks become lines, links keep their target, pictures their alternative text. What CSS
 * hides is kept, because rules must see what some reader may show. Works without recursion: depth is the sender's choice.
 */
export function htmlToText(html: string): string {
  const out: string[] = []
  const document = parseHtml(html)
  // Too deep for any browser: every word counts, tags do not.
  const stack: (Node | string)[] = [document ?? html.replace(/<[^<>]*>/g, ' ')]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === 'string') out.push(next)
    else if (next.nodeName === '#text') out.push((next as DefaultTreeAdapterTypes.TextNode).value.replace(/\s+/g, ' '))
    else if (!SILENT.has(next.nodeName)) stack.push(...unfolded(next))
  }
  return out
    .join('')
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** Children and what stands around them, last first. */
function unfolded(node: Node): (Node | string)[] {
  const element = node as DefaultTreeAdapterTypes.Element
  const attribute = (name: string) => element.attrs?.find((candidate) => candidate.name === name)?.value ?? ''
  const lines = BREAKS.has(node.nodeName) ? ['\n'] : node.nodeName === 'td' || node.nodeName === 'th' ? [' '] : []
  const before = node.nodeName === 'li' ? ['\n- '] : node.nodeName === 'img' ? [attribute('alt')] : lines
  const href = node.nodeName === 'a' ? attribute('href') : ''
  const after = /^(https?:|mailto:)/i.test(href) && !textIs(element, href) ? [` <${href}>`] : lines
  const children = 'childNodes' in node ? node.childNodes : []
  return [...after, ...children.toReversed(), ...before]
}

function textIs(element: DefaultTreeAdapterTypes.Element, href: string): boolean {
  const [only] = element.childNodes
  const text = only?.nodeName === '#text' ? (only as DefaultTreeAdapterTypes.TextNode).value.trim() : ''
  return element.childNodes.length === 1 && href.replace(/^mailto:/i, '') === text
}
