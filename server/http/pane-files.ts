import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The bundle of the task pane as `tools/pane.ts` made it. */
export interface PaneFiles {
  /** By name, each with the packed forms of it: a megabyte in all. */
  readonly files: ReadonlyMap<string, PaneFile>
  readonly script: string
  readonly style: string
  readonly preload: readonly string[]
}

export interface PaneFile {
  readonly kind: 'js' | 'css'
  readonly plain: Buffer
  readonly gzip: Buffer
  readonly brotli: Buffer
}

/** null where the pane was not built. */
export function readPane(): PaneFiles | null {
  // Beside the compiled files of the package, or in `dist` beside the sources.
  const folder = ['../../addin/pane', '../../dist/addin/pane']
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(join(path, 'pane.json')))
  if (folder === undefined) return null
  const files = new Map<string, PaneFile>()
  for (const name of readdirSync(folder)) {
    const kind = name.endsWith('.js') ? 'js' : name.endsWith('.css') ? 'css' : null
    if (!kind) continue
    const file = join(folder, name)
    files.set(name, {
      kind,
      plain: readFileSync(file),
      gzip: readFileSync(`${file}.gz`),
      brotli: readFileSync(`${file}.br`),
    })
  }
  const { script, style, preload } = JSON.parse(readFileSync(join(folder, 'pane.json'), 'utf8')) as PaneFiles
  return { files, script, style, preload }
}

/** The packed form that the client takes (RFC 9110 12.5.3), the smallest first. */
export function packedFor({ plain, gzip, brotli }: PaneFile, accepted: string | undefined) {
  const takes = (coding: string) =>
    new RegExp(`(?:^|,)\\s*${coding}\\s*(?:;\\s*q=(?!0(?:\\.0*)?\\s*(?:,|$))[\\d.]+\\s*)?(?:,|$)`, 'i').test(
      accepted ?? '',
    )
  if (takes('br')) return { coding: 'br', bytes: brotli }
  return takes('gzip') ? { coding: 'gzip', bytes: gzip } : { coding: null, bytes: plain }
}

export const OFFICE_JS_URL = 'https://appsforoffice.microsoft.com/lib/1/hosted/office.js'

/** A word that styles and scripts of one page carry (CSP3 2.3.2). */
export const newNonce = (): string => randomBytes(16).toString('base64')

/**
 * The page of the pane. Its first words stand there before any script ran; Office.js comes after them, so that it does not hold
 * them up. Addresses are relative: the installation may live below a path.
 */
export function panePage({ script, style, preload }: PaneFiles, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Secflow</title>
<link rel="icon" href="icons/icon-32.png">
<link rel="stylesheet" href="pane/${style}">
${[script, ...preload].map((name) => `<link rel="modulepreload" href="pane/${name}">\n`).join('')}</head>
<body>
<div id="pane"><p class="boot">Secflow …</p></div>
<script src="${OFFICE_JS_URL}"></script>
<script type="module" nonce="${nonce}" src="pane/${script}"></script>
</body>
</html>
`
}
