/**
 * Bundles the launch events of the add-in: one classic script in ES2016, for runtimes that know no modules. The bundler is the
 * one that comes with the test runner (see `engine.ts`).
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

interface Rolldown {
  rolldown(options: object): Promise<{ generate(options: object): Promise<{ readonly output: readonly Chunk[] }> }>
}

interface Chunk {
  readonly code: string
}

export async function bundleLaunch(): Promise<string> {
  const code = await bundle({
    input: join(root, 'addin/launch/launch.ts'),
    platform: 'neutral',
    transform: { target: 'es2016' },
    treeshake: { moduleSideEffects: (id: string) => id.endsWith('/launch.ts') },
  })
  return `/* Secflow: launch events of the Outlook add-in. Made by tools/launch.ts from addin/launch. */\n${code}\n`
}

/** One classic script of what the options name, in ASCII: nobody says which character set a bare runtime reads files in. */
export async function bundle(options: { readonly input: string } & Readonly<Record<string, unknown>>): Promise<string> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown(options)
  const { output } = await build.generate({ format: 'iife', minify: true })
  if (output.length !== 1) throw new Error(`${options.input} became ${output.length} files`)
  const code = output[0]!.code.trimEnd()
  return code.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
