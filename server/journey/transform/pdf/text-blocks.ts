/** Plain text of a mail to blocks: quotation by `>` (RFC 3676 4.5), line ends kept, addresses of the web made links. */
import type { Body, RunStyle } from './blocks.ts'
import { createCollector, newBudget } from './collector.ts'

/** Cut before any line is looked at; the collector counts more exactly. */
const MAX_TEXT = 1_000_000
const LINK = /https?:\/\/[^\s<>"]{3,2000}[^\s<>".,;:!?)\]]/g

export function textBlocks(text: string): Body {
  const budget = newBudget()
  if (text.length > MAX_TEXT) budget.shortened = true
  const collector = createCollector(budget)
  let open: { level: number; lines: string[] } = { level: 0, lines: [] }
  const end = () => {
    const joined = open.lines.join('\n')
    let at = 0
    for (const link of joined.matchAll(LINK)) {
      collector.preformatted(joined.slice(at, link.index), {})
      collector.preformatted(link[0], linkStyle(link[0]))
      at = link.index + link[0].length
    }
    collector.preformatted(joined.slice(at), {})
    collector.flush({ level: 0, quote: open.level, indent: 0 })
  }
  for (const line of text.slice(0, MAX_TEXT).split(/\r\n|\r|\n/)) {
    const { level, rest } = quoted(line)
    const isGap = rest.trim() === ''
    if (level !== open.level || isGap) {
      end()
      open = { level, lines: [] }
    }
    if (!isGap) open.lines.push(rest)
  }
  end()
  return collector.body()
}

function quoted(line: string): { level: number; rest: string } {
  const marks = /^(?:> ?)*/.exec(line.slice(0, 1000))![0]
  return { level: marks.replaceAll(' ', '').length, rest: line.slice(marks.length).trimEnd() }
}

function linkStyle(url: string): RunStyle {
  return URL.canParse(url) ? { href: new URL(url).href } : {}
}
