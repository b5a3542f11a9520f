/** HTML of a mail to blocks. parse5 builds the tree as a browser would (WHATWG HTML 13.2); nothing is run or loaded. */
import { type DefaultTreeAdapterTypes, parse, defaultTreeAdapter as tree } from 'parse5'
import type { Align, Body, RunStyle } from './blocks.ts'
import { type Budget, type Collector, createCollector, newBudget } from './collector.ts'
import { tableRows } from './html-table.ts'
import { alignment, declarations, isHidden, textStyle } from './inline-style.ts'

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

/** Elements whose content is not text for a reader. */
const SILENT = new Set(
  'head script style template title iframe frame frameset object embed applet audio video canvas svg math map select datalist noembed noframes'.split(
    ' ',
  ),
)
const BLOCKS = new Set(
  'address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header html li main nav ol p pre section summary table tbody td tfoot th thead tr ul caption'.split(
    ' ',
  ),
)
const STYLES: Readonly<Record<string, RunStyle>> = {
  b: { bold: true },
  strong: { bold: true },
  th: { bold: true },
  i: { italic: true },
  em: { italic: true },
  cite: { italic: true },
  u: { underline: true },
  ins: { underline: true },
  s: { strike: true },
  del: { strike: true },
  strike: { strike: true },
  code: { code: true },
  tt: { code: true },
  kbd: { code: true },
  samp: { code: true },
  pre: { code: true },
  sup: { shift: 'super' },
  sub: { shift: 'sub' },
}

/** Input beyond this is not parsed. */
const MAX_HTML = 1_000_000
/** Deeper elements give their text and no structure. */
const MAX_DEPTH = 250

interface Context {
  readonly style: RunStyle
  readonly level: number
  readonly quote: number
  readonly indent: number
  readonly pre: boolean
  readonly depth: number
  readonly align?: Align
  readonly rightToLeft?: boolean
  readonly list?: { readonly ordered: boolean; next: number }
}

const TOP: Context = { style: {}, level: 0, quote: 0, indent: 0, pre: false, depth: 0 }

/** Blocks of a whole mail body; time grows with the input, which is cut at a million characters. */
export function htmlBlocks(html: string): Body {
  const budget = newBudget()
  if (html.length > MAX_HTML) budget.shortened = true
  const document = parse(html.slice(0, MAX_HTML), { scriptingEnabled: false })
  const collector = createCollector(budget)
  children(document, TOP, collector, budget)
  collector.flush(TOP)
  return collector.body()
}

function children(parent: DefaultTreeAdapterTypes.ParentNode, context: Context, out: Collector, budget: Budget): void {
  for (const child of tree.getChildNodes(parent)) visit(child, context, out, budget)
}

function visit(node: Node, context: Context, out: Collector, budget: Budget): void {
  if (tree.isTextNode(node)) {
    if (context.pre) out.preformatted(node.value, context.style)
    else out.flowing(node.value, context.style)
    return
  }
  if (!tree.isElementNode(node) || SILENT.has(node.tagName)) return
  if (context.depth >= MAX_DEPTH) {
    out.flowing(` ${flatText(node)} `, context.style)
    return
  }
  element(node, context, out, budget)
}

function element(node: Element, context: Context, out: Collector, budget: Budget): void {
  const name = node.tagName
  const attribute = (key: string) => node.attrs.find((a) => a.name === key)?.value
  const css = declarations(attribute('style'))
  if (attribute('hidden') !== undefined || isHidden(css)) return

  switch (name) {
    case 'br':
      out.lineBreak(context.style)
      return
    case 'hr':
      out.flush(context)
      out.add({ kind: 'rule', quote: context.quote, indent: context.indent })
      return
    case 'img':
      picture(attribute, context, out, budget)
      return
    case 'input':
    case 'textarea':
    case 'wbr':
      return
  }
  const inner = innerContext(node, context, attribute, css)
  const isBlock = BLOCKS.has(name)
  if (isBlock) out.flush(context)
  if (name === 'table' && table(node, inner, out, budget)) return
  if (name === 'li') out.mark(context.list?.ordered ? `${context.list.next++}.` : '•')
  children(node, inner, out, budget)
  if (isBlock) out.flush(inner)
}

function innerContext(
  node: Element,
  context: Context,
  attribute: (key: string) => string | undefined,
  css: ReturnType<typeof declarations>,
): Context {
  const name = node.tagName
  const heading = /^h([1-6])$/.exec(name)
  const isList = name === 'ul' || name === 'ol'
  // A table's own `align` places the table, and text in a table does not inherit that of the cell around it.
  const isTable = name === 'table'
  const inherited = isTable ? undefined : name === 'center' ? 'center' : context.align
  const align = alignment(css.get('text-align') ?? (isTable ? undefined : attribute('align'))) ?? inherited
  const href = name === 'a' ? safeLink(attribute('href')) : undefined
  const quotes = name === 'blockquote'
  const start = Number.parseInt(attribute('start') ?? '1', 10)
  return {
    style: {
      ...context.style,
      ...STYLES[name],
      ...(href ? { href } : {}),
      ...textStyle(css, name === 'font' ? attribute('color') : undefined),
    },
    level: heading ? Number(heading[1]) : context.level,
    quote: context.quote + (quotes ? 1 : 0),
    indent: context.indent + (isList || name === 'dd' ? 1 : 0),
    pre:
      name === 'pre' ||
      /^pre/.test(css.get('white-space') ?? '') ||
      (context.pre && css.get('white-space') !== 'normal'),
    depth: context.depth + 1,
    ...(align ? { align } : {}),
    ...directionOf(attribute('dir') ?? css.get('direction'), context.rightToLeft),
    ...(isList
      ? { list: { ordered: name === 'ol', next: Number.isSafeInteger(start) ? start : 1 } }
      : context.list
        ? { list: context.list }
        : {}),
  }
}

/** An inline image by Content-ID; anything that would have to be fetched is named by its alternative text. */
function picture(
  attribute: (key: string) => string | undefined,
  context: Context,
  out: Collector,
  budget: Budget,
): void {
  const source = attribute('src')?.trim() ?? ''
  const alternative = (attribute('alt') ?? '').slice(0, 200).trim()
  const data = budget.pictures > 0 ? dataImage(source) : undefined
  if (budget.pictures <= 0 || (data === undefined && !/^cid:/i.test(source))) {
    if (alternative) out.flowing(`[${alternative}]`, { ...context.style, italic: true })
    return
  }
  budget.pictures -= 1
  out.flush(context)
  const width = Number.parseInt(attribute('width') ?? '', 10) * 0.75
  out.add({
    kind: 'picture',
    ...(data === undefined ? { contentId: decoded(source.slice(4)) } : { contentId: '', data }),
    alternative,
    quote: context.quote,
    indent: context.indent,
    ...(width >= 1 ? { width } : {}),
  })
}

/** The bytes of a `data:` image (RFC 2397); what they are is looked at when they are drawn. */
function dataImage(source: string): Uint8Array | undefined {
  const found = /^data:image\/(?:png|jpe?g);base64,/i.exec(source)
  return found ? Buffer.from(source.slice(found[0].length), 'base64') : undefined
}

function directionOf(written: string | undefined, inherited: boolean | undefined): { rightToLeft?: boolean } {
  const direction = written?.toLowerCase()
  const rightToLeft =
    direction === 'rtl' ? true : direction === 'ltr' ? false : direction === 'auto' ? undefined : inherited
  return rightToLeft === undefined ? {} : { rightToLeft }
}

/** A table of data keeps its grid; one that lays out a page is read in its order. True when it was taken over. */
function table(node: Element, context: Context, out: Collector, budget: Budget): boolean {
  const found = tableRows(node)
  if (found === null) return false
  const cellRuns = (cell: Element, budget: Budget) => {
    const inner = createCollector(budget, true)
    const header = cell.tagName === 'th'
    children(
      cell,
      { ...context, quote: 0, indent: 0, style: header ? { ...context.style, bold: true } : context.style },
      inner,
      budget,
    )
    inner.flush({ ...TOP })
    return inner.blocks.flatMap((block, n) => {
      if (block.kind !== 'paragraph') return []
      const lead = `${n > 0 ? '\n' : ''}${block.marker ? `${block.marker} ` : ''}`
      return lead ? [{ text: lead, style: {} }, ...block.runs] : block.runs
    })
  }
  const count = found.rows.reduce((sum, row) => sum + row.length, 0)
  if (count <= budget.cells) {
    budget.cells -= count
    const rows = found.rows.map((row) =>
      row.map(({ element, ...place }) => ({
        ...place,
        runs: cellRuns(element, budget),
        header: element.tagName === 'th',
      })),
    )
    out.add({
      kind: 'table',
      rows,
      columns: found.columns,
      bordered: found.bordered,
      ...(context.rightToLeft ? { rightToLeft: true } : {}),
      quote: context.quote,
      indent: context.indent,
    })
    return true
  }
  // Too many cells for a grid: one line a row, every value kept, and counted where the line is gathered.
  for (const row of found.rows) {
    for (const [n, { element }] of row.entries()) {
      if (n > 0) out.flowing(' | ', context.style)
      for (const run of cellRuns(element, { ...budget })) out.flowing(run.text, run.style)
    }
    out.lineBreak(context.style)
  }
  out.flush({ ...context, level: 0 })
  return true
}

function flatText(root: Node): string {
  const pieces: string[] = []
  const open: Node[] = [root]
  while (open.length > 0) {
    const node = open.pop()!
    if (tree.isTextNode(node)) pieces.push(node.value)
    else if (tree.isElementNode(node) && !SILENT.has(node.tagName)) {
      for (const child of node.childNodes.toReversed()) open.push(child)
    }
  }
  return pieces.join(' ')
}

function safeLink(href: string | undefined): string | undefined {
  const link = href?.trim() ?? ''
  if (!/^(https?:|mailto:|tel:)/i.test(link) || link.length > 4096) return undefined
  return URL.canParse(link) ? new URL(link).href : undefined
}

function decoded(contentId: string): string {
  try {
    return decodeURIComponent(contentId)
  } catch {
    return contentId
  }
}
