import { inTurns } from '../../threads/turn.ts'
import { sanitising } from '../sanitise.ts'
import { html } from './html.ts'

/** Own policy of the document in the frame: no origin, no script, no request to anywhere; links open elsewhere. */
export const frameSecurity = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
    'sandbox allow-popups allow-popups-to-escape-sandbox',
  'x-frame-options': 'SAMEORIGIN',
} as const

/** The sender's HTML as a document of its own, on white paper as mail expects. */
export async function frameDocument(of: {
  readonly language: string
  readonly title: string
  readonly html: string
  readonly imageWord: string
}): Promise<string> {
  const safe = await inTurns(sanitising(of.html, of.imageWord))
  return html`<!doctype html>
<html lang="${of.language}"><head><meta charset="utf-8"><title>${of.title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: only light; }
body { margin: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1d2330; background: #fff; overflow-wrap: anywhere; }
img, table { max-width: 100%; }
.image { color: #545b69; font-style: italic; }
</style></head><body><main>${{ markup: safe }}</main></body></html>
`.markup
}
