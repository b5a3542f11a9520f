/**
 * Builds the Outlook simulator into `dist/simulator`: its window, what it puts around Office.js in a page of the add-in, and the
 * script engine of classic Outlook. The bundler is the one that comes with the test runner (see `engine.ts`).
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist/simulator')

interface Rolldown {
  rolldown(options: object): Promise<{
    generate(options: object): Promise<{ readonly output: readonly { readonly code: string }[] }>
    close(): Promise<void>
  }>
}

const SCRIPTS = {
  'app.js': 'simulator/window/main.ts',
  'before.js': 'simulator/frame/before.ts',
  'after.js': 'simulator/frame/after.ts',
  'script-engine.js': 'simulator/frame/script-engine.ts',
  'probe.js': 'simulator/frame/probe.ts',
} as const

/** In the order in which they hold. */
const STYLES = ['base', 'top', 'lists', 'mail', 'notices', 'narrow']

/** Builds everything anew (about half a second). A file is there whole or not at all: others may build and read at the same time. */
export async function buildSimulator(): Promise<void> {
  await mkdir(target, { recursive: true })
  const source = (name: string) => readFile(join(root, 'simulator/window', name), 'utf8')
  const contents: Record<string, Promise<string>> = {
    'index.html': source('index.html'),
    'icon.svg': source('icon.svg'),
    'style.css': Promise.all(STYLES.map((name) => source(`style/${name}.css`))).then((texts) => texts.join('\n')),
  }
  for (const [name, entry] of Object.entries(SCRIPTS)) contents[name] = bundle(entry)
  await Promise.all(
    Object.entries(contents).map(async ([name, content]) => {
      const part = join(target, `.${name}.${process.pid}`)
      await writeFile(part, await content)
      await rename(part, join(target, name))
    }),
  )
}

/** One classic script of an entry and all it imports; `alias` replaces modules by others. */
export async function bundle(entry: string, alias: Readonly<Record<string, string>> = {}): Promise<string> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({
    input: join(root, entry),
    platform: 'browser',
    transform: { target: 'es2022' },
    resolve: { alias },
  })
  const { output } = await build.generate({ format: 'iife', name: 'secflow', minify: true, codeSplitting: false })
  await build.close()
  return output[0]!.code
}

if (import.meta.main) await buildSimulator()
