import type { Row } from './inspect.ts'

/** One table: mail, recipient, verdict, why; under each row where to look and what opens it. */
export function printTable(rows: readonly Row[], say: (line: string) => void): void {
  const columns = [
    ['mail', (row: Row) => row.mail],
    ['recipient', (row: Row) => row.recipient],
    ['verdict', (row: Row) => `${row.ok ? '✓' : '✗'} ${row.verdict}`],
    ['why (rules)', (row: Row) => row.why],
  ] as const
  const widths = columns.map(([title, cell]) => Math.max(title.length, ...rows.map((row) => cell(row).length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  const color = process.stdout.isTTY && !process.env.NO_COLOR
  const dim = (text: string) => (color ? `\u001b[2m${text}\u001b[22m` : text)
  say(line(columns.map(([title]) => title)))
  say(line(widths.map((width) => '─'.repeat(width))))
  let last = ''
  for (const row of rows) {
    if (last && row.mail !== last) say('')
    last = row.mail
    say(line(columns.map(([, cell]) => cell(row))))
    for (const look of row.look) say(dim(`      ${look}`))
  }
}
