/** Rows for a terminal: a table where it fits, else a block a row. Cells are shown without control characters. */
export interface Column {
  readonly head: string
  /** Characters that a table shows of a cell; a block shows all. */
  readonly most?: number
}

/** `columns` are the characters of a line; without them a line is as long as it wants to be. */
export function table(
  heads: readonly Column[],
  rows: readonly (readonly string[])[],
  columns = Number.POSITIVE_INFINITY,
): string {
  const clear = rows.map((row) => row.map(clean))
  const lines = [
    heads.map(({ head }) => head.toUpperCase()),
    ...clear.map((row) => row.map((cell, at) => cut(cell || '-', heads[at]?.most))),
  ]
  const widths = heads.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  if (widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) > columns)
    return clear.map((row) => block(heads, row, columns)).join('\n')
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}

const GAP = '  '

/** The first cell on a line of its own, then the others with their heads, as many a line as fit; empty ones are left out. */
function block(heads: readonly Column[], [first = '', ...cells]: readonly string[], columns: number): string {
  const lines = [first || '-']
  let line = ''
  for (const [at, cell] of cells.entries()) {
    if (cell === '') continue
    const piece = `${heads[at + 1]?.head}: ${cell}`
    if (line !== '' && GAP.length + line.length + GAP.length + piece.length <= columns) line += GAP + piece
    else {
      if (line !== '') lines.push(...wrapped(line, columns, GAP))
      line = piece
    }
  }
  if (line !== '') lines.push(...wrapped(line, columns, GAP))
  return lines.join('\n')
}

/** A line each, what is long goes on below itself. */
export function fields(
  pairs: readonly (readonly [name: string, value: string])[],
  columns = Number.POSITIVE_INFINITY,
): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 1 + GAP.length
  return pairs
    .map(([name, value]) => {
      const [first = '', ...more] = wrapped(clean(value) || '-', columns, ' '.repeat(width))
      return [`${name}:`.padEnd(width) + first.slice(width), ...more].join('\n')
    })
    .join('\n')
}

/** Broken at spaces only: an address longer than a line stays whole, to be copied. */
function wrapped(text: string, columns: number, indent: string): string[] {
  const room = Math.max(20, columns - indent.length)
  const lines: string[] = []
  let rest = text
  while (rest.length > room) {
    const before = rest.lastIndexOf(' ', room)
    const at = before > 0 ? before : rest.indexOf(' ', room)
    if (at < 0) break
    lines.push(indent + rest.slice(0, at))
    rest = rest.slice(at).trimStart()
  }
  return [...lines, indent + rest]
}

const cut = (text: string, most = Number.POSITIVE_INFINITY) =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text
const clean = (text: string) => text.replace(/\p{C}+/gu, ' ')
