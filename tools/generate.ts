/**
 * Writes every generated file (JSON Schemas, reference pages, OpenAPI). With `--check` it writes nothing and exits 1 when
 * one is stale. Each module in `tools/generate/` exports `generate()`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')
let stale = 0
for (const file of readdirSync(join(import.meta.dirname, 'generate')).sort()) {
  if (!file.endsWith('.ts')) continue
  const module: {
    generate(): Iterable<{ path: string; content: string }> | Promise<Iterable<{ path: string; content: string }>>
  } = await import(join(import.meta.dirname, 'generate', file))
  for (const { path, content } of await module.generate()) {
    const target = join(root, path)
    let old = ''
    try {
      old = readFileSync(target, 'utf8')
    } catch {
      // not there yet: counts as stale
    }
    if (old === content) continue
    stale++
    if (check) process.stderr.write(`stale: ${path} (run "npm run generate")\n`)
    else {
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, content)
      process.stdout.write(`written: ${path}\n`)
    }
  }
}
if (!stale) process.stdout.write('generated files are up to date\n')
process.exit(check && stale ? 1 : 0)
