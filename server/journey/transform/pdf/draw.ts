/** Blocks to elements of @react-pdf/renderer: flat on purpose, since its layout is slow for deep trees. */
import { Image, Link, Text, View } from '@react-pdf/renderer'
import { createElement as h, type ReactElement } from 'react'
import type { Block, Cell, Paragraph, Picture, Place, Run, RunStyle, Table } from './blocks.ts'
import { BASE_FAMILY } from './fonts.ts'
import type { CheckedImage } from './images.ts'
import { startsRightToLeft, type Typesetter } from './typeset.ts'

/** On all sides of the page, in points. It belongs to the page's template: pagination counts a page's own padding twice. */
export const MARGIN = 46
/** Text width of an A4 page with our margins, in points. */
const PAGE_WIDTH = 595 - 2 * MARGIN
const PAGE_HEIGHT = 700

const SIZE = 10
const HEADINGS = [SIZE, 17, 14.5, 12.5, 11.5, 10.5, 10] as const
const INK = '#1f2328'
const LINK = '#0a58a6'
const LINE = '#c9ced6'
/** Bars beside quotations; deeper levels stand under the last. */
const BARS = ['#5b7fb5', '#7a9a5e', '#b08a4a', '#9a6aa0', '#8a8f98'] as const

export interface Drawing {
  readonly typesetter: Typesetter
  readonly image: (contentId: string) => CheckedImage | null
  /** Words that stand for an image which cannot be drawn. */
  readonly insteadOf: (picture: Picture) => string
}

export function drawBlock(block: Block, key: number, drawing: Drawing): ReactElement {
  return framed(block, key, content(block, drawing), isShort(block))
}

function content(block: Block, drawing: Drawing): ReactElement {
  switch (block.kind) {
    case 'paragraph':
      return paragraph(block, drawing)
    case 'rule':
      return h(View, { style: { borderBottomWidth: 0.75, borderBottomColor: LINE, marginVertical: 5 } })
    case 'picture':
      return picture(block, drawing)
    case 'table':
      return table(block, drawing)
  }
}

/** A few lines stay together on one page. */
function isShort(block: Block): boolean {
  return (
    block.kind === 'paragraph' &&
    block.runs.length < 20 &&
    block.runs.every(({ text }) => text.length < 200 && !text.includes('\n'))
  )
}

/** Quotation bars to the left and the indentation of lists; neighbouring blocks' bars touch. */
function framed({ quote, indent }: Place, key: number, inner: ReactElement, whole: boolean): ReactElement {
  const bars = Math.min(quote, BARS.length)
  const padding = { paddingLeft: Math.min(indent, 8) * 14, paddingVertical: 2.5 }
  let framed = h(View, { key, wrap: !whole, style: padding }, inner)
  for (let level = bars; level >= 1; level -= 1) {
    const bar = { borderLeftWidth: 1.5, borderLeftColor: BARS[level - 1]!, paddingLeft: 7 }
    framed = h(View, { key, wrap: !whole, style: bar }, framed)
  }
  return framed
}

function paragraph({ runs, level, marker, align }: Paragraph, { typesetter }: Drawing): ReactElement {
  const rightToLeft = startsRightToLeft(runs.map((run) => run.text).join(''))
  const text = h(
    Text,
    {
      style: {
        fontSize: HEADINGS[level] ?? SIZE,
        ...(marker === undefined ? {} : { flexGrow: 1, flexShrink: 1, flexBasis: 0 }),
        textAlign: align ?? (rightToLeft ? 'right' : 'left'),
        ...(level > 0 ? { fontWeight: 700, lineHeight: 1.25, marginTop: 5, marginBottom: 2 } : {}),
      },
      ...(level > 0 ? { minPresenceAhead: 24 } : {}),
    },
    drawRuns(runs, typesetter, rightToLeft),
  )
  if (marker === undefined) return text
  return h(
    View,
    { style: { flexDirection: 'row', marginLeft: -10 } },
    h(Text, { style: { width: marker.length > 2 ? 22 : 12 } }, drawRuns([{ text: marker, style: {} }], typesetter)),
    text,
  )
}

/** `rightToLeft` is the base direction of the paragraph these runs make up; layout wants it at each of them. */
export function drawRuns(runs: readonly Run[], typesetter: Typesetter, rightToLeft = false): ReactElement[] {
  return runs.map(({ text, style }, key) => {
    const set = typesetter.set(text)
    const direction = rightToLeft ? { direction: 'rtl' as const } : {}
    const look = { ...runLook(style), ...direction, fontFamily: set.families }
    return style.href
      ? h(Link, { key, src: style.href, style: { color: LINK, textDecoration: 'underline', ...look } }, set.text)
      : h(Text, { key, style: look }, set.text)
  })
}

function runLook({ bold, italic, underline, strike, code, shift, color }: RunStyle) {
  return {
    ...(bold === undefined ? {} : { fontWeight: bold ? 700 : 400 }),
    ...(italic ? { fontStyle: 'italic' as const } : {}),
    ...(underline ? { textDecoration: 'underline' as const } : {}),
    ...(strike ? { textDecoration: 'line-through' as const } : {}),
    ...(code ? { fontSize: SIZE - 1 } : {}),
    ...(shift ? { verticalAlign: shift, fontSize: SIZE - 3 } : {}),
    ...(color ? { color } : {}),
  }
}

function picture(block: Picture, { image, insteadOf, typesetter }: Drawing): ReactElement {
  const found = image(block.contentId)
  if (found === null) {
    return h(Text, {}, drawRuns([{ text: insteadOf(block), style: { italic: true } }], typesetter))
  }
  const room = PAGE_WIDTH - 20 - block.indent * 14 - Math.min(block.quote, BARS.length) * 9
  const wanted = Math.min(block.width ?? found.width * 0.75, Math.max(room, 60))
  const scale = Math.min(wanted / found.width, PAGE_HEIGHT / found.height)
  const size = { width: found.width * scale, height: found.height * scale }
  return h(Image, { src: { data: found.data, format: found.format }, style: size })
}

function table({ rows, columns, bordered }: Table, { typesetter }: Drawing): ReactElement {
  const shares = columnShares(rows, columns)
  const edge = bordered ? { borderWidth: 0.5, borderColor: LINE } : {}
  const cell = ({ runs, header, span, align }: Cell, key: number, from: number) => {
    const width = shares.slice(from, from + span).reduce((sum, share) => sum + share, 0)
    return h(
      View,
      {
        key,
        style: {
          width: `${(width * 100).toFixed(2)}%`,
          padding: 3,
          ...edge,
          ...(header ? { backgroundColor: '#f0f2f5' } : {}),
        },
      },
      h(
        Text,
        { style: { fontSize: SIZE - 1, ...(align ? { textAlign: align } : {}) } },
        drawRuns(runs, typesetter, startsRightToLeft(runs[0]?.text ?? '')),
      ),
    )
  }
  return h(
    View,
    {},
    rows.map((row, key) => {
      let column = 0
      const cells = row.map((c, n) => {
        const drawn = cell(c, n, column)
        column += c.span
        return drawn
      })
      return h(View, { key, wrap: longest(row) > 600, style: { flexDirection: 'row' } }, cells)
    }),
  )
}

/** Column widths by the longest text of each, none below a floor, as shares of 1. */
function columnShares(rows: Table['rows'], columns: number): number[] {
  const weights = Array.from({ length: columns }, () => 4)
  for (const row of rows) {
    let column = 0
    for (const { runs, span } of row) {
      const length = Math.min(
        60,
        runs.reduce((sum, { text }) => sum + text.length, 0),
      )
      if (span === 1 && column < columns) weights[column] = Math.max(weights[column]!, length)
      column += span
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

function longest(row: readonly Cell[]): number {
  return Math.max(...row.map(({ runs }) => runs.reduce((sum, { text }) => sum + text.length, 0)))
}

export const PAGE_STYLE = {
  fontFamily: BASE_FAMILY,
  fontSize: SIZE,
  lineHeight: 1.4,
  color: INK,
} as const

export const COLORS = {
  ink: INK,
  link: LINK,
  line: LINE,
  soft: '#59636e',
  panel: '#f6f8fa',
  accent: '#0a4d8c',
} as const
