/** Bundles the policy engine for browsers: one module, and one for each table that is loaded on first use. */
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const light = join(root, 'shared/policy/light')
const STAND_INS = ['tr46', 're2js', 'yaml']
/** Rooms of the engine that are loaded on first use as well: as they are imported, and their stand-ins. */
const ROOMS: Readonly<Record<string, string>> = {
  '../cel/leaf.ts': 'cel',
  './diagnostic-texts.ts': 'diagnostic-texts',
}
const CEL = '@marcbachmann/cel-js'

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
    if (importer?.startsWith(light) || importer?.includes('node_modules')) return null
    const room = ROOMS[source]
    if (room !== undefined) return join(light, `${room}.ts`)
    return STAND_INS.includes(source) ? join(light, `${source}.ts`) : null
  },
  /** What the vocabulary says of itself is for editors and reference pages. */
  transform(code: string, id: string): string | null {
    return vocabulary.some((room) => id.startsWith(room)) ? code.replace(TEXTS, '{ de: "", en: "" }') : null
  },
}

const vocabulary = ['registry', 'dlp'].map((room) => join(root, 'shared/policy', room))
const TEXT = String.raw`(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")`
const TEXTS = new RegExp(String.raw`\{\s*de: ${TEXT},\s*en: ${TEXT},?\s*\}`, 'g')

/** The engine as ES modules. */
export async function bundleEngine(): Promise<readonly Module[]> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({ input: join(light, 'engine.ts'), platform: 'browser', plugins: [lightTables] })
  const { output } = await build.generate({
    format: 'esm',
    minify: true,
    chunkFileNames: nameOf,
    // What every decision needs is one module: apart, its parts would be packed worse.
    codeSplitting: {
      groups: [{ name: 'decide', test: /shared\/policy\/(?!light|explain|cel|show|diagnostic-texts)/ }],
    },
  })
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
  const holds = (name: string) => moduleIds.some((id) => id.includes(`node_modules/${name}/`))
  const table = holds(CEL) ? 'cel' : STAND_INS.find(holds)
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
