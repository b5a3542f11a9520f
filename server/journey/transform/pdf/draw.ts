/** Blocks of a mail's body on the page. */
import type { Block, Cell, Paragraph, Picture, Run, RunStyle, Table } from './blocks.ts'
import { startsRightToLeft } from './direction.ts'
import { COLORS, type Column, type Flow, heightOf, look, MARGIN, PAGE_HEIGHT, SIZE } from './flow.ts'
import type { CheckedImage } from './images.ts'
import type { Line, LookedRun } from './lines.ts'
import { PAGE } from './sheet.ts'

const HEADINGS = [SIZE, 17, 14.5, 12.5, 11.5, 10.5, 10] as const
/** Bars beside quotations; deeper levels stand under the last. */
const BARS = ['#5b7fb5', '#7a9a5e', '#b08a4a', '#9a6aa0', '#8a8f98'] as const
const BAR_STEP = 8.5
const INDENT_STEP = 14
const MOST_INDENTS = 8
const CELL_PADDING = 3

export interface Pictures {
  readonly image: (picture: Picture) => CheckedImage | null
  /** Words that stand for an image which cannot be drawn. */
  readonly insteadOf: (picture: Picture) => string
}

export function drawBlock(block: Block, flow: Flow, pictures: Pictures): void {
  const bars = Math.min(block.quote, BARS.length)
  const indent = Math.min(block.indent, MOST_INDENTS) * INDENT_STEP
  const isRightToLeft = block.kind === 'paragraph' && directionOf(block)
  const column: Column = {
    x: MARGIN + bars * BAR_STEP + (isRightToLeft ? 0 : indent),
    width: PAGE.width - 2 * MARGIN - bars * BAR_STEP - indent,
  }
  if (block.kind === 'paragraph' && block.level > 0) flow.keep(HEADINGS[block.level]! * 1.25 + 31)
  const stretches = flow.within(() => {
    flow.gap(2.5)
    content(block, column, flow, pictures)
    flow.gap(2.5)
  })
  for (let bar = 0; bar < bars; bar += 1)
    for (const { page, top, height } of stretches)
      flow.paper.fill(MARGIN + bar * BAR_STEP, top, 1.5, height, BARS[bar]!, page)
}

function content(block: Block, column: Column, flow: Flow, pictures: Pictures): void {
  switch (block.kind) {
    case 'paragraph':
      paragraph(block, column, flow)
      return
    case 'rule':
      flow.gap(5)
      flow.paper.fill(column.x, flow.y, column.width, 0.75, COLORS.line)
      flow.gap(5.75)
      return
    case 'picture':
      picture(block, column, flow, pictures)
      return
    case 'table':
      table(block, column, flow)
      return
  }
}

function directionOf(block: { readonly runs: readonly Run[]; readonly rightToLeft?: boolean }): boolean {
  return block.rightToLeft ?? startsRightToLeft(block.runs.map(({ text }) => text).join(''))
}

function paragraph(block: Paragraph, column: Column, flow: Flow): void {
  const { runs, level, marker, align } = block
  const rightToLeft = directionOf(block)
  const size = HEADINGS[level] ?? SIZE
  const looked = lookedRuns(runs, size, level > 0)
  const lineHeight = level > 0 ? size * 1.25 : size * 1.4
  if (level > 0) flow.gap(5)
  const text = marker === undefined ? column : besideMarker(marker, column, rightToLeft, lineHeight, flow)
  flow.text(looked, text, { rightToLeft, lineHeight, ...(align ? { align } : {}) })
  if (level > 0) flow.gap(2)
}

/** Draws a bullet or number in the indentation of its list. */
function besideMarker(marker: string, column: Column, rightToLeft: boolean, lineHeight: number, flow: Flow): Column {
  const line = flow.lines([{ text: marker, look: look() }], 60)[0]!
  const room = Math.max(12, line.width + 4)
  flow.keep(lineHeight)
  const x = rightToLeft ? column.x + column.width + 10 - line.width : column.x - 10
  flow.line(line, { x, width: room }, flow.y, lineHeight)
  return rightToLeft
    ? { x: column.x, width: column.width + 10 - room }
    : { x: column.x - 10 + room, width: column.width + 10 - room }
}

/** Looks are shared by equal styles, so that equal neighbours are drawn as one. */
export function lookedRuns(runs: readonly Run[], size: number, bold: boolean): LookedRun[] {
  return runs.map(({ text, style }) => ({ text, look: lookOf(style, size, bold) }))
}

function lookOf(
  { bold, italic, underline, strike, code, shift, color, href }: RunStyle,
  size: number,
  heading: boolean,
) {
  return look({
    size: shift ? size - 3 : code ? size - 1 : size,
    bold: bold ?? heading,
    italic: italic ?? false,
    underline: href !== undefined || (underline ?? false),
    strike: strike ?? false,
    rise: shift === 'super' ? size * 0.33 : shift === 'sub' ? -size * 0.12 : 0,
    color: href === undefined ? (color ?? COLORS.ink) : COLORS.link,
    ...(href === undefined ? {} : { href }),
  })
}

function picture(block: Picture, column: Column, flow: Flow, { image, insteadOf }: Pictures): void {
  const found = image(block)
  if (found === null) {
    flow.text([{ text: insteadOf(block), look: look({ italic: true }) }], column)
    return
  }
  const wanted = Math.min(block.width ?? found.width * 0.75, Math.max(column.width, 60))
  const scale = Math.min(wanted / found.width, (PAGE_HEIGHT - 20) / found.height)
  flow.image(found, column.x, found.width * scale, found.height * scale)
}

interface SetCell {
  readonly cell: Cell
  readonly column: Column
  readonly lines: readonly Line[]
  readonly rightToLeft: boolean
}

function table({ rows, columns, bordered, rightToLeft = false }: Table, column: Column, flow: Flow): void {
  const shares = columnShares(rows, columns)
  for (const row of rows) {
    let at = 0
    const cells = row.map((cell): SetCell => {
      const before = sum(shares.slice(0, at))
      const share = sum(shares.slice(at, at + cell.span))
      at += cell.span
      const width = share * column.width
      const x = column.x + (rightToLeft ? 1 - before - share : before) * column.width
      const isRightToLeft = rightToLeft || startsRightToLeft(cell.runs[0]?.text ?? '')
      const runs = lookedRuns(cell.runs, SIZE - 1, cell.header)
      const room = Math.max(1, width - 2 * CELL_PADDING)
      return { cell, column: { x, width }, lines: flow.lines(runs, room, isRightToLeft), rightToLeft: isRightToLeft }
    })
    drawRow(cells, bordered, flow)
  }
}

/** A row stays on one page where a page can hold it. */
function drawRow(cells: readonly SetCell[], bordered: boolean, flow: Flow): void {
  const lineHeight = heightOf([{ text: '', look: look({ size: SIZE - 1 }) }])
  const most = Math.max(1, ...cells.map(({ lines }) => lines.length))
  const whole = most * lineHeight + 2 * CELL_PADDING
  flow.keep(whole <= PAGE_HEIGHT ? whole : lineHeight + 2 * CELL_PADDING)
  for (let from = 0; from < most; ) {
    const count = Math.max(1, Math.min(most - from, Math.floor((flow.room - 2 * CELL_PADDING + 0.01) / lineHeight)))
    const height = count * lineHeight + 2 * CELL_PADDING
    for (const { cell, column, lines, rightToLeft } of cells) {
      const inner = { x: column.x + CELL_PADDING, width: column.width - 2 * CELL_PADDING }
      if (cell.header) flow.paper.fill(column.x, flow.y, column.width, height, '#f0f2f5')
      if (bordered) edges(column, flow.y, height, flow)
      for (const [n, line] of lines.slice(from, from + count).entries())
        flow.line(line, inner, flow.y + CELL_PADDING + n * lineHeight, lineHeight, {
          rightToLeft,
          ...(cell.align ? { align: cell.align } : {}),
        })
    }
    from += count
    flow.gap(height)
    if (from < most) flow.keep(PAGE_HEIGHT)
  }
}

function edges({ x, width }: Column, top: number, height: number, { paper }: Flow): void {
  paper.fill(x, top, width, 0.5, COLORS.line)
  paper.fill(x, top + height, width, 0.5, COLORS.line)
  paper.fill(x, top, 0.5, height, COLORS.line)
  paper.fill(x + width, top, 0.5, height, COLORS.line)
}

/** Column widths by the longest text of each, none below a floor, as shares of 1. */
function columnShares(rows: Table['rows'], columns: number): number[] {
  const weights = Array.from({ length: columns }, () => 4)
  for (const row of rows) {
    let column = 0
    for (const { runs, span } of row) {
      const length = Math.min(60, sum(runs.map(({ text }) => text.length)))
      if (span === 1 && column < columns) weights[column] = Math.max(weights[column]!, length)
      column += span
    }
  }
  const total = sum(weights)
  return weights.map((weight) => weight / total)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
