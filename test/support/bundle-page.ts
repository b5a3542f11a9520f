/** Browser code out of the sources, for a page of a test: modules by their file name, the entry first. */
import { createRequire } from 'node:module'

interface Rolldown {
  rolldown(options: object): Promise<{
    generate(
      options: object,
    ): Promise<{ readonly output: readonly { readonly fileName: string; readonly code?: string }[] }>
  }>
}

/** `entry`: path of a module. Answers file names and their code; what it imports late stands in files of its own. */
export async function bundlePage(
  entry: string,
): Promise<{ readonly entry: string; readonly files: Map<string, string> }> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({ input: entry, platform: 'browser' })
  const { output } = await build.generate({ format: 'esm', minify: true })
  return {
    entry: output[0]!.fileName,
    files: new Map(output.flatMap(({ fileName, code }) => (code === undefined ? [] : [[fileName, code] as const]))),
  }
}
