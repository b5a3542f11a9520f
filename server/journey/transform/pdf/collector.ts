/** Gathers runs into paragraphs and keeps count of what a document may hold. */
import { type Align, type Block, type Body, LIMITS, type Place, type Run, type RunStyle } from './blocks.ts'

export interface ParagraphForm extends Place {
  readonly level: number
  readonly align?: Align
  readonly rightToLeft?: boolean
}

/** What is left of `LIMITS`, shared by a document and the cells inside it. */
export interface Budget {
  characters: number
  blocks: number
  cells: number
  pictures: number
  shortened: boolean
}

export function newBudget(): Budget {
  return { ...LIMITS, shortened: false }
}

export type Collector = ReturnType<typeof createCollector>

/** `nested` for the inside of a cell: its paragraphs count with the cell, not by themselves. */
export function createCollector(budget: Budget, nested = false) {
  const blocks: Block[] = []
  let runs: Run[] = []
  let marker: string | undefined

  /** Last characters of the open paragraph, kept apart so that nobody looks through a long text for its end. */
  let tail = ''

  const endsWithBreak = () => tail === '' || tail.endsWith(' ') || tail.endsWith('\n')

  const push = (text: string, style: RunStyle) => {
    if (text === '') return
    const kept = text.length > budget.characters ? text.slice(0, budget.characters).toWellFormed() : text
    if (kept.length < text.length) budget.shortened = true
    budget.characters -= kept.length
    if (kept === '') return
    tail = (tail + kept.slice(-4)).slice(-4)
    const previous = runs.at(-1)
    if (previous && sameStyle(previous.style, style)) runs[runs.length - 1] = { text: previous.text + kept, style }
    else runs.push({ text: kept, style })
  }

  const add = (block: Block) => {
    if (!nested && budget.blocks-- <= 0) {
      budget.shortened = true
      return
    }
    blocks.push(block)
  }

  return {
    blocks,
    add,
    /** Text under HTML's rules for white space (CSS Text 4.1.1): runs of it are one space, none begins a line. */
    flowing(text: string, style: RunStyle) {
      const collapsed = text.replace(/[ \t\n\f\r]+/g, ' ')
      push(endsWithBreak() ? collapsed.replace(/^ /, '') : collapsed, style)
    },
    /** Text whose spaces and line ends count. */
    preformatted(text: string, style: RunStyle) {
      push(keepSpaces(text), style)
    },
    lineBreak(style: RunStyle) {
      // Three empty lines say what thirty do.
      if (tail !== '\n\n\n\n') push('\n', style)
    },
    /** The next paragraph is the first of a list entry. */
    mark(text: string) {
      marker = text
    },
    /** Ends the paragraph; one without text leaves nothing behind. */
    flush({ level, align, rightToLeft, quote, indent }: ParagraphForm) {
      const text = trimmed(runs)
      runs = []
      tail = ''
      if (text.length === 0) return
      for (const [n, piece] of split(text).entries()) {
        add({
          kind: 'paragraph',
          runs: piece,
          level,
          quote,
          indent,
          ...(align ? { align } : {}),
          ...(rightToLeft === undefined ? {} : { rightToLeft }),
          ...(marker !== undefined && n === 0 ? { marker } : {}),
        })
      }
      marker = undefined
    },
    body(): Body {
      return { blocks, shortened: budget.shortened }
    },
  }
}

function sameStyle(a: RunStyle, b: RunStyle): boolean {
  if (a === b) return true
  return (['bold', 'italic', 'underline', 'strike', 'code', 'shift', 'color', 'href'] as const).every(
    (key) => a[key] === b[key],
  )
}

/** Tabs to eight columns; every second space and each at a line's start becomes a hard one, which layout leaves alone. */
function keepSpaces(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => untabbed(line).replace(/^ +| {2,}/g, (spaces) => '\u00a0'.repeat(spaces.length)))
    .join('\n')
}

function untabbed(line: string): string {
  let out = ''
  for (const piece of line.split(/(\t)/)) out += piece === '\t' ? ' '.repeat(8 - (out.length % 8)) : piece
  return out
}

/** Without line ends at the start, and without spaces and line ends at the end. */
function trimmed(runs: readonly Run[]): Run[] {
  const kept = [...runs]
  while (kept.length > 0) {
    const last = kept.pop()!
    let end = last.text.length
    while (end > 0 && (last.text[end - 1] === ' ' || last.text[end - 1] === '\n')) end -= 1
    if (end === 0) continue
    kept.push({ ...last, text: last.text.slice(0, end) })
    break
  }
  while (kept.length > 0) {
    const first = kept.shift()!
    let start = 0
    while (first.text[start] === '\n') start += 1
    if (start === first.text.length) continue
    kept.unshift({ ...first, text: first.text.slice(start) })
    break
  }
  return kept
}

/** Line breaking looks at a whole paragraph at once: longer ones are cut, at a line end or space where there is one. */
const PARAGRAPH = 2_500

function split(runs: readonly Run[]): Run[][] {
  const pieces: Run[][] = [[]]
  let room: number = PARAGRAPH
  for (const run of runs) {
    let rest = run.text
    while (rest.length > room) {
      const cut = cutAt(rest, room)
      pieces.at(-1)!.push({ ...run, text: rest.slice(0, cut).replace(/\n$/, '') })
      pieces.push([])
      rest = rest.slice(cut)
      room = PARAGRAPH
    }
    if (rest === '') continue
    pieces.at(-1)!.push({ ...run, text: rest })
    room -= rest.length
  }
  return pieces.map((piece) => piece.filter(({ text }) => text !== '')).filter((piece) => piece.length > 0)
}

function cutAt(text: string, room: number): number {
  const line = text.lastIndexOf('\n', room - 1) + 1
  if (line > 0) return line
  const space = text.lastIndexOf(' ', room - 1) + 1
  if (space > 0) return space
  const high = text.charCodeAt(room - 1)
  const pair = high >= 0xd800 && high < 0xdc00
  return Math.max(1, pair ? room - 1 : room)
}
