import { escapeHtml } from '../../../shared/words/html.ts'

/** Markup that is known to be safe; everything else that a template takes is text. */
export interface Markup {
  readonly markup: string
}

type Part = Markup | string | number | null | false | readonly Part[]

/** A template whose values are escaped unless they are markup themselves; null and false are nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return { markup: strings.reduce((out, text, place) => out + render(values[place - 1] ?? null) + text) }
}

function render(part: Part): string {
  if (part === null || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  if ('markup' in part) return part.markup
  return part.map(render).join('')
}

/** A whole document without any script. */
export function page(of: {
  readonly language: string
  readonly title: string
  readonly stylesheet: string
  readonly header?: Markup
  readonly body: Markup
  readonly footer?: Markup
}): string {
  return html`<!doctype html>
<html lang="${of.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${of.title}</title>
<link rel="icon" href="/portal/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${of.stylesheet}">
</head>
<body>
${of.header ?? null}
<main id="main">
${of.body}
</main>
${of.footer ?? null}
</body>
</html>
`.markup
}
