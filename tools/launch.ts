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
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({
    input: join(root, 'addin/launch/launch.ts'),
    platform: 'neutral',
    transform: { target: 'es2016' },
    treeshake: { moduleSideEffects: (id: string) => id.endsWith('/launch.ts') },
  })
  const { output } = await build.generate({ format: 'iife', minify: true })
  if (output.length !== 1) throw new Error(`the launch events became ${output.length} files`)
  const code = output[0]!.code.trimEnd()
  // Nobody says which character set a bare runtime reads files in.
  const ascii = code.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `/* Secflow: launch events of the Outlook add-in. Made by tools/launch.ts from addin/launch. */\n${ascii}\n`
}
