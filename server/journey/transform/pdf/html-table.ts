/** Tells tables of data from tables that lay out a page, which is what most tables in mail are. */
import { type DefaultTreeAdapterTypes, defaultTreeAdapter as tree } from 'parse5'
import type { Align } from './blocks.ts'
import { alignment, declarations } from './inline-style.ts'

type Element = DefaultTreeAdapterTypes.Element

/** More columns than this cannot be read on paper. */
const MAX_COLUMNS = 12

export interface FoundTable {
  readonly rows: readonly (readonly { readonly element: Element; readonly span: number; readonly align?: Align }[])[]
  readonly columns: number
  readonly bordered: boolean
}

/** Rows of a data table; null when it has one column, too many, another table inside, or pictures. */
export function tableRows(table: Element): FoundTable | null {
  const sections = elements(table).flatMap((child) =>
    ['thead', 'tbody', 'tfoot'].includes(child.tagName) ? elements(child) : [child],
  )
  const rows = sections
    .filter(({ tagName }) => tagName === 'tr')
    .map((row) =>
      elements(row)
        .filter(({ tagName }) => tagName === 'td' || tagName === 'th')
        .map((element) => ({ element, span: columnSpan(element), ...cellAlign(element) })),
    )
    .filter((row) => row.length > 0)
  const columns = rows.reduce(
    (most, row) =>
      Math.max(
        most,
        row.reduce((sum, { span }) => sum + span, 0),
      ),
    0,
  )
  if (columns < 2 || columns > MAX_COLUMNS || hasWithin(table, ['table', 'img', 'pre', 'blockquote'])) return null
  const hasHead = rows.some((row) => row.some(({ element }) => element.tagName === 'th'))
  const border = attribute(table, 'border') ?? '0'
  const styled = rows[0]!.some(({ element }) =>
    /border[^;]*:\s*[^;]*(solid|\dp[xt])/i.test(attribute(element, 'style') ?? ''),
  )
  return { rows, columns, bordered: hasHead || (border !== '0' && border !== '') || styled }
}

function elements(node: Element): Element[] {
  return node.childNodes.filter((child) => tree.isElementNode(child))
}

function columnSpan(cell: Element): number {
  const span = Number.parseInt(attribute(cell, 'colspan') ?? '1', 10)
  return Number.isSafeInteger(span) ? Math.min(Math.max(span, 1), MAX_COLUMNS) : 1
}

function cellAlign(cell: Element): { align?: Align } {
  const align = alignment(declarations(attribute(cell, 'style')).get('text-align') ?? attribute(cell, 'align'))
  return align ? { align } : {}
}

function attribute(node: Element, name: string): string | undefined {
  return node.attrs.find((a) => a.name === name)?.value
}

function hasWithin(root: Element, names: readonly string[]): boolean {
  const open = [...elements(root)]
  while (open.length > 0) {
    const node = open.pop()!
    if (names.includes(node.tagName)) return true
    for (const child of elements(node)) open.push(child)
  }
  return false
}
