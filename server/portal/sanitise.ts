/**
 * A stranger's HTML made fit to show: parsed as browsers do (HTML Living Standard 13.2), rebuilt from an allow-list, every
 * attribute checked. Nothing in it loads, runs, submits or leaves its place. What stands around it (own document, sandbox,
 * content policy) is the second wall.
 */
import { type DefaultTreeAdapterMap, type DefaultTreeAdapterTypes, Parser } from 'parse5'
import { completed, type Steps } from '../../shared/policy/steps.ts'
import { escapeHtml } from '../../shared/words/html.ts'

type Node = DefaultTreeAdapterTypes.ChildNode

const KEPT = new Set(
  'a abbr b blockquote br caption center code col colgroup dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins li ol p pre q s small span strike strong sub sup table tbody td tfoot th thead tr u ul'.split(
    ' ',
  ),
)
/** Dropped with all they hold; whatever else is not kept loses its tags and keeps its text. */
const DROPPED = new Set(
  'script style head title template iframe frame frameset object embed applet svg math noscript noembed noframes select textarea button audio video canvas map dialog base link meta xmp plaintext'.split(
    ' ',
  ),
)
const VOID = new Set(['br', 'hr', 'col'])
const PLAIN_ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  align: /^(left|right|center|justify)$/i,
  valign: /^(top|middle|bottom|baseline)$/i,
  colspan: /^\d{1,3}$/,
  rowspan: /^\d{1,3}$/,
  width: /^\d{1,4}%?$/,
  height: /^\d{1,4}%?$/,
  dir: /^(ltr|rtl|auto)$/i,
  lang: /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i,
  start: /^\d{1,6}$/,
}
const STYLES =
  /^(color|background-color|font-weight|font-style|font-size|text-align|text-decoration|vertical-align|white-space|border(-(top|right|bottom|left))?(-(width|style|color|collapse|spacing))?|(padding|margin)(-(top|right|bottom|left))?|width|max-width|list-style-type|line-height)$/
const STYLE_VALUE = /^[\w\s#%.,-]{1,100}$|^rgba?\([\d\s,.%]{1,40}\)$/
const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*$/
const DEEPEST = 200
const LONGEST = 4_194_304
/** Characters that are read, and nodes that are written, in one step. */
const SLICE = 4_096
const NODES = 100
/** Characters of a text that are written in one step. */
const TEXT = 65_536

/** Safe HTML for the body of a document; `imageWord` names images that are not shown. '' when the input is too long to take. */
export function sanitise(html: string, imageWord: string): string {
  return completed(sanitising(html, imageWord))
}

/** The same in steps: a mail of two megabytes takes a fifth of a second. */
export function* sanitising(html: string, imageWord: string): Steps<string> {
  if (html.length > LONGEST) return ''
  // Joined as it grows: to join a million small pieces at the end takes long.
  const whole: string[] = []
  let out: string[] = []
  let nodes = 0
  for (const node of yield* nodesOf(html)) yield* write(node, 0)
  return [...whole, ...out].join('')

  function* write(node: Node, depth: number): Steps<void> {
    if (depth > DEEPEST) return
    if (++nodes % NODES === 0) {
      whole.push(out.join(''))
      out = []
      yield
    }
    if ('value' in node) yield* text(node.value)
    if (!('tagName' in node)) return
    const { tagName } = node
    if (tagName === 'img') image(node)
    if (DROPPED.has(tagName) || node.namespaceURI !== 'http://www.w3.org/1999/xhtml') return
    const kept = KEPT.has(tagName)
    if (kept) out.push(`<${tagName}${attributes(node)}>`)
    for (const child of node.childNodes) yield* write(child, depth + 1)
    if (kept && !VOID.has(tagName)) out.push(`</${tagName}>`)
  }

  function* text(value: string): Steps<void> {
    for (let at = 0; at < value.length; at += TEXT) {
      if (at > 0) yield
      out.push(escapeHtml(value.slice(at, at + TEXT)))
    }
  }

  function image(node: DefaultTreeAdapterTypes.Element): void {
    const alt = attribute(node, 'alt') ?? ''
    const src = attribute(node, 'src') ?? ''
    // Its pattern leaves nothing to escape.
    if (IMAGE.test(src)) out.push(`<img src="${src}" alt="${escapeHtml(alt)}">`)
    else if (alt.trim()) out.push(`<span class="image">[${escapeHtml(`${imageWord}: ${alt}`)}]</span>`)
  }
}

/** What stands in the body. Not `getFragment`: moving a million nodes out of their parent takes a time of the square of it. */
function* nodesOf(html: string): Steps<readonly Node[]> {
  const parser = Parser.getFragmentParser<DefaultTreeAdapterMap>(null)
  for (let at = 0; at < html.length; at += SLICE) {
    yield
    parser.tokenizer.write(html.slice(at, at + SLICE), false)
  }
  parser.tokenizer.write('', true)
  const [root] = parser.document.childNodes
  return root && 'childNodes' in root ? root.childNodes : []
}

function attributes(element: DefaultTreeAdapterTypes.Element): string {
  let out = ''
  for (const { name, value } of element.attrs) {
    if (PLAIN_ATTRIBUTES[name]?.test(value)) out += ` ${name}="${escapeHtml(value)}"`
    else if (name === 'style') {
      const style = safeStyle(value)
      if (style) out += ` style="${escapeHtml(style)}"`
    } else if (name === 'href' && element.tagName === 'a' && safeTarget(value)) {
      out += ` href="${escapeHtml(value)}" target="_blank" rel="noopener noreferrer nofollow"`
    }
  }
  return out
}

function safeStyle(style: string): string {
  return style
    .slice(0, 5000)
    .split(';')
    .map((declaration) => {
      const colon = declaration.indexOf(':')
      const property = declaration.slice(0, colon).trim().toLowerCase()
      const value = declaration.slice(colon + 1).trim()
      return colon > 0 && STYLES.test(property) && STYLE_VALUE.test(value) ? `${property}: ${value}` : ''
    })
    .filter(Boolean)
    .join('; ')
}

function safeTarget(target: string): boolean {
  try {
    return ['http:', 'https:', 'mailto:', 'tel:'].includes(new URL(target.trim()).protocol)
  } catch {
    return false
  }
}

const attribute = (element: DefaultTreeAdapterTypes.Element, name: string) =>
  element.attrs.find((candidate) => candidate.name === name)?.value
