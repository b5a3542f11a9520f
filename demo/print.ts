import type { Row } from './inspect.ts'

/** Widest verdict and reason; longer ones wrap. */
const VERDICT = 58
const WHY = 44

/** One table: mail, recipient, verdict, why; under each row where to look and what opens it. */
export function printTable(rows: readonly Row[], say: (line: string) => void): void {
  const color = process.stdout.isTTY && !process.env.NO_COLOR
  const styled = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const width = Math.max('recipient'.length, ...rows.map(({ recipient }) => recipient.length))
  const line = (mail: string, recipient: string, verdict: string, why: string) =>
    `${mail.padEnd(4)}  ${recipient.padEnd(width)}  ${verdict.padEnd(VERDICT)}  ${why}`.trimEnd()
  say(styled(1, line('mail', 'recipient', 'verdict', 'why (rules)')))
  say(line('────', '─'.repeat(width), '─'.repeat(VERDICT), '─'.repeat(WHY)))
  let last = ''
  for (const row of rows) {
    if (last && row.mail !== last) say('')
    const verdict = wrap(`${row.ok ? '✓' : '✗'} ${row.verdict}`, VERDICT)
    const why = wrap(row.why, WHY)
    for (let at = 0; at < Math.max(verdict.length, why.length); at++) {
      const first = at === 0
      say(
        line(first && row.mail !== last ? row.mail : '', first ? row.recipient : '', verdict[at] ?? '', why[at] ?? ''),
      )
    }
    for (const look of row.look) say(styled(2, `      ${look}`))
    last = row.mail
  }
}

/** Lines of at most `width` characters, broken at spaces; later ones are indented below the first word. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current && current.length + 1 + word.length > width) {
      lines.push(current)
      current = `  ${word}`
    } else current = current ? `${current} ${word}` : word
  }
  return [...lines, current]
}
