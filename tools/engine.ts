/** Bundles the policy engine for browsers: one module, and one for each table that is loaded on first use. */
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const light = join(root, 'shared/policy/light')
const STAND_INS = ['tr46', 're2js', 'yaml']

export interface Module {
  readonly fileName: string
  readonly code: string
  /** Packages and rooms in it, with their part of the code in bytes before minifying. */
  readonly parts: ReadonlyMap<string, number>
  readonly isEntry: boolean
  /** Modules fetched with it. */
  readonly imports: readonly string[]
}

interface Chunk {
  readonly fileName: string
  readonly code: string
  readonly isEntry: boolean
  readonly imports: readonly string[]
  readonly modules: Readonly<Record<string, { readonly renderedLength?: number }>>
}

/** What of rolldown is used; it comes with the test runner. */
interface Rolldown {
  rolldown(options: object): Promise<{ generate(options: object): Promise<{ readonly output: readonly Chunk[] }> }>
}

/** For any build with rolldown or Vite: the stand-ins in place of the packages, except for the stand-ins themselves. */
export const lightTables = {
  name: 'secflow-light-tables',
  resolveId(source: string, importer: string | undefined): string | null {
    if (!STAND_INS.includes(source) || importer?.startsWith(light)) return null
    return importer?.includes('node_modules') ? null : join(light, `${source}.ts`)
  },
}

/** The engine as ES modules. */
export async function bundleEngine(): Promise<readonly Module[]> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({ input: join(light, 'engine.ts'), platform: 'browser', plugins: [lightTables] })
  const { output } = await build.generate({ format: 'esm', minify: true, chunkFileNames: nameOf })
  return output.map(({ fileName, code, isEntry, imports, modules }) => ({
    fileName,
    code,
    isEntry,
    imports,
    parts: partsOf(modules),
  }))
}

/** A table goes by the name of its package. */
function nameOf({ moduleIds }: { readonly moduleIds: readonly string[] }): string {
  const table = STAND_INS.find((name) => moduleIds.some((id) => id.includes(`node_modules/${name}/`)))
  return table ? `${table}.js` : '[name].js'
}

function partsOf(modules: Chunk['modules']): ReadonlyMap<string, number> {
  const parts = new Map<string, number>()
  for (const [file, { renderedLength = 0 }] of Object.entries(modules)) {
    const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)
    const room = file.startsWith(root)
      ? file
          .slice(root.length + 1)
          .split('/')
          .slice(0, 3)
          .join('/')
      : basename(file)
    const name = inPackage?.[1] ?? room
    parts.set(name, (parts.get(name) ?? 0) + renderedLength)
  }
  return parts
}
