/** A page of Markdown as its readers print it: headings, paragraphs, one level of numbered items, tables, pictures. */

const STYLE = `
@page { size: A4; margin: 13mm 15mm }
body { font: 9.4pt/1.35 "Noto Sans", "DejaVu Sans", sans-serif; color: #1b1b1b; margin: 0 }
h1 { font-size: 16pt; margin: 0 0 4pt } p { margin: 0 0 6pt } a { color: #0b57a4 }
ol { margin: 0 0 6pt; padding-left: 15pt } li { margin: 0 0 3pt } li p { margin: 0 0 3pt }
table { border-collapse: collapse; margin: 3pt 0 6pt; break-inside: avoid }
th, td { border: 0.5pt solid #c4c4c4; padding: 1.6pt 5pt; text-align: left; vertical-align: top }
th { background: #f0f0f0; font-weight: 600 }
img { margin: 0 0 8pt 12pt }`

/** `language` of the text; pictures are found beside `base`, a URL. */
export function markdownPage(text: string, language: string, base: string): string {
  return `<!doctype html><html lang="${language}"><base href="${base}"><style>${STYLE}</style><body>${blocks(text)}</body></html>`
}

function blocks(text: string): string {
  // A numbered item goes on where the lines below it are indented.
  const parts = text.trim().split(/\n{2,}(?! )/)
  return parts.map(block).join('\n').replaceAll('</ol>\n<ol>', '')
}

function block(part: string): string {
  if (part.startsWith('# ')) return `<h1>${inline(part.slice(2))}</h1>`
  if (/^\d+\. /.test(part)) {
    const items = part.split(/\n(?=\d+\. )/)
    return `<ol>${items.map((item) => `<li>${blocks(item.replace(/^\d+\. /, '').replace(/^ {3}/gm, ''))}</li>`).join('')}</ol>`
  }
  return part.startsWith('|') ? table(part) : part.startsWith('<img') ? part : `<p>${inline(part)}</p>`
}

function table(part: string): string {
  const [head = '', , ...rows] = part.split('\n')
  const row = (line: string, cell: string) =>
    `<tr>${line
      .slice(1, -1)
      .split('|')
      .map((one) => `<${cell}>${inline(one.trim())}</${cell}>`)
      .join('')}</tr>`
  return `<table>${row(head, 'th')}${rows.map((line) => row(line, 'td')).join('')}</table>`
}

const inline = (text: string) =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>')
    .replace(/\*([^*]+)\*/g, '<em>$1</em>')
