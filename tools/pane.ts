/**
 * Bundles the task pane of the Outlook add-in into `dist/addin/pane`: modules and style with hashes in their names, each also
 * packed by gzip and brotli, and `pane.json`, which says what the page loads. Not committed: `tools/build.ts` makes it for the
 * package, demo and tests make it where it is missing or older than its sources.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { lightTables } from './engine.ts'

const root = join(import.meta.dirname, '..')
export const PANE_FOLDER = join(root, 'dist/addin/pane')
const SOURCES = [
  'addin/pane',
  'addin/sign-in',
  'addin/stamp',
  'shared',
  'tools/pane.ts',
  'tools/engine.ts',
  'package-lock.json',
]

/** What the page needs to know of the bundle; `server/http/routes/addin.ts` reads it. */
export interface PaneManifest {
  readonly script: string
  readonly style: string
  /** Modules fetched with the first one. */
  readonly preload: readonly string[]
  /** Modules that a decision without the service fetches besides, without its large tables. */
  readonly engine: readonly string[]
}

interface Chunk {
  readonly type: 'chunk' | 'asset'
  readonly fileName: string
  readonly code: string
  readonly isEntry: boolean
  readonly imports: readonly string[]
  readonly moduleIds: readonly string[]
}

/** What of rolldown is used; it comes with the test runner. */
interface Rolldown {
  rolldown(options: object): Promise<{ generate(options: object): Promise<{ readonly output: readonly Chunk[] }> }>
}

/** Our styles stand in a file, so nothing makes rules at run time but Fluent's own, which are made already. */
const lightFluent = {
  name: 'secflow-light-fluent',
  transform(code: string, id: string): string | null {
    // It reads rules that a server rendered: here none does.
    if (id.endsWith('/@griffel/core/src/renderer/forEachCSSRule.js')) return 'export function forEachCSSRule() {}'
    // A table of 500 names that stand for themselves.
    if (!/@fluentui\/tokens\/.*\/tokens\.js$/.test(id) || !code.includes('const tokens')) return null
    return 'export const tokens = new Proxy({}, { get: (_, name) => "var(--" + String(name) + ")" });'
  },
}

async function bundle(): Promise<readonly Chunk[]> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({
    input: join(root, 'addin/pane/start.tsx'),
    platform: 'browser',
    plugins: [lightFluent, lightTables],
    transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"' } },
    // Every file of Fluent says for whom it is; that matters to other frameworks.
    onLog(level: string, log: { readonly code?: string }, otherwise: (level: string, log: object) => void) {
      if (log.code !== 'MODULE_LEVEL_DIRECTIVE') otherwise(level, log)
    },
  })
  const { output } = await build.generate({
    format: 'esm',
    minify: true,
    comments: { legal: false },
    entryFileNames: '[name]-[hash].js',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: {
      groups: [
        // The first screen binds a stamp with it: it must not fetch the engine for that.
        { name: 'digest', test: /shared\/words\/sha256\.ts$/, priority: 1 },
        { name: 'engine', test: /shared\/policy\/(?!light|explain|cel|show|diagnostic-texts)/ },
      ],
    },
  })
  return output
}

/** The variables of both themes, as far as modules or style use them. */
function themes(used: (name: string) => boolean): string {
  const block = (theme: object) =>
    Object.entries(theme)
      .filter(([name]) => used(name))
      .map(([name, value]) => `--${name}:${String(value)}`)
      .join(';')
  const light = webLightTheme as unknown as Readonly<Record<string, string>>
  const dark = Object.fromEntries(Object.entries(webDarkTheme).filter(([name, value]) => light[name] !== value))
  return `:root{${block(light)};color-scheme:light}:root[data-theme=dark]{${block(dark)};color-scheme:dark}`
}

/** Builds into a fresh folder that takes the place of the old one at the end. */
export async function buildPane(folder = PANE_FOLDER): Promise<PaneManifest> {
  const chunks = await bundle()
  const style = readFileSync(join(root, 'addin/pane/theme/pane.css'), 'utf8')
  const everything = [style, ...chunks.map(({ code }) => code)].join('\n')
  const names = new Set(everything.match(/\b(?:color|font|line|border|stroke|shadow|duration|curve|spacing)\w+/g))
  const css = `${themes((name) => names.has(name))}\n${style.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\s+/g, ' ')}`
  const styleName = `pane-${createHash('sha256').update(css).digest('base64url').slice(0, 10).replaceAll('_', 'x')}.css`

  const temporary = `${folder}.${process.pid}`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  for (const [name, text] of [[styleName, css], ...chunks.map(({ fileName, code }) => [fileName, code])] as const) {
    const bytes = Buffer.from(text!)
    writeFileSync(join(temporary, name!), bytes)
    writeFileSync(join(temporary, `${name}.gz`), gzipSync(bytes, { level: 9 }))
    writeFileSync(
      join(temporary, `${name}.br`),
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    )
  }
  const entry = chunks.find(({ isEntry }) => isEntry)!
  const decide = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith('/offline/decide.ts')))!
  const first = new Set(withImports(chunks, entry.fileName))
  const manifest: PaneManifest = {
    script: entry.fileName,
    style: styleName,
    preload: [...first].filter((name) => name !== entry.fileName),
    engine: withImports(chunks, decide.fileName).filter((name) => !first.has(name)),
  }
  writeFileSync(join(temporary, 'pane.json'), JSON.stringify(manifest))
  takePlace(temporary, folder)
  return manifest
}

/** Somebody else may build at the same time, from the same sources: who comes second finds a folder, and leaves it. */
function takePlace(temporary: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  try {
    renameSync(temporary, folder)
  } catch (problem) {
    if (!existsSync(join(folder, 'pane.json'))) throw problem
    rmSync(temporary, { recursive: true, force: true })
  }
}

function withImports(chunks: readonly Chunk[], name: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(name)) return []
  seen.add(name)
  const imports = chunks.find(({ fileName }) => fileName === name)?.imports ?? []
  return [name, ...imports.flatMap((one) => withImports(chunks, one, seen))]
}

/** Builds the pane where it is missing or older than what it is made from. */
export async function ensurePane(): Promise<void> {
  const made = join(PANE_FOLDER, 'pane.json')
  const age = existsSync(made) ? statSync(made).mtimeMs : 0
  if (SOURCES.some((path) => newest(join(root, path)) > age)) await buildPane()
}

function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))))
}

if (import.meta.main) await buildPane()
