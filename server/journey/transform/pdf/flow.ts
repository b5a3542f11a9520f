/** Down the page: lines and pictures one below the other, a new page when one is full. Measures in points. */
import type { CheckedImage } from './images.ts'
import { type Line, type Look, type LookedRun, setLines } from './lines.ts'
import { PAGE, type Paper } from './sheet.ts'
import type { Typesetter } from './typeset.ts'

export const MARGIN = 46
const TOP = 46
const BOTTOM = 786
/** Height of what a page holds. */
export const PAGE_HEIGHT = BOTTOM - TOP

export const COLORS = {
  ink: '#1f2328',
  link: '#0a58a6',
  line: '#c9ced6',
  soft: '#59636e',
  panel: '#f6f8fa',
  accent: '#0a4d8c',
  notice: '#fff4d6',
  noticeInk: '#5c4400',
} as const

export const SIZE = 10
const BASE: Look = {
  size: SIZE,
  bold: false,
  italic: false,
  color: COLORS.ink,
  underline: false,
  strike: false,
  rise: 0,
}

export const look = (over: Partial<Look> = {}): Look => ({ ...BASE, ...over })

/** A column on the page. */
export interface Column {
  readonly x: number
  readonly width: number
}

export interface Setting {
  readonly align?: 'left' | 'center' | 'right'
  readonly rightToLeft?: boolean
  /** Points; 1.4 times the size of the text unless told. */
  readonly lineHeight?: number
}

export type Flow = ReturnType<typeof createFlow>

export function createFlow(paper: Paper, typesetter: Typesetter) {
  paper.newPage()
  let y: number = TOP
  const nextPage = () => {
    paper.newPage()
    y = TOP
  }

  const flow = {
    paper,
    get y() {
      return y
    },
    /** Points left on the page. */
    get room() {
      return BOTTOM - y
    },
    lines: (runs: readonly LookedRun[], width: number, rightToLeft = false): Line[] =>
      setLines(runs, width, rightToLeft, typesetter),
    gap(height: number) {
      y = Math.min(y + height, BOTTOM)
    },
    /** A new page unless this much fits on the one at hand, or it is empty. */
    keep(height: number) {
      if (y + height > BOTTOM && y > TOP) nextPage()
    },
    /** Text across a column, line by line. */
    text(runs: readonly LookedRun[], column: Column, setting: Setting = {}) {
      const height = setting.lineHeight ?? heightOf(runs)
      for (const line of flow.lines(runs, column.width, setting.rightToLeft)) {
        flow.keep(height)
        flow.line(line, column, y, height, setting)
        y += height
      }
    },
    /** One line at a height of its own choosing; the flow stays where it is. */
    line(line: Line, { x, width }: Column, top: number, height: number, { align, rightToLeft }: Setting = {}) {
      const side = align ?? (rightToLeft ? 'right' : 'left')
      const free = width - line.width
      const shift = side === 'right' ? free : side === 'center' ? free / 2 : 0
      const size = line.pieces.reduce((most, piece) => Math.max(most, piece.look.size), 0) || SIZE
      paper.text(line, x + Math.max(0, shift), top + height / 2 + size * 0.35)
    },
    image(image: CheckedImage, x: number, width: number, height: number) {
      flow.keep(height)
      paper.image(image, x, y, width, height)
      y += height
    },
    /** Draws, then tells on which stretches of which pages it stands. */
    within(draw: () => void): { readonly page: number; readonly top: number; readonly height: number }[] {
      const from = { page: paper.pages - 1, y }
      draw()
      return Array.from({ length: paper.pages - from.page }, (_, n) => {
        const page = from.page + n
        const top = n === 0 ? from.y : TOP
        return { page, top, height: (page === paper.pages - 1 ? y : BOTTOM) - top }
      })
    },
    /** Content on a ground of its own, with space around it. */
    panel(color: string, padding: number, draw: (column: Column) => void) {
      const stretches = flow.within(() => {
        flow.gap(padding)
        draw({ x: MARGIN + padding, width: PAGE.width - 2 * (MARGIN + padding) })
        flow.gap(padding)
      })
      for (const { page, top, height } of stretches)
        paper.fill(MARGIN, top, PAGE.width - 2 * MARGIN, height, color, page)
    },
  }
  return flow
}

/** 1.4 times the largest size. */
export function heightOf(runs: readonly LookedRun[]): number {
  return 1.4 * runs.reduce((most, run) => Math.max(most, run.look.size), runs.length === 0 ? SIZE : 0)
}
