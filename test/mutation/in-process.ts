/**
 * What test files get for `vitest` in a mutation run: tests are collected once into a list and run in this process, again
 * and again, without a test runner around them. Only what the tests of `shared/policy` use is here; `expect` is the real one.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'

type Body = (...args: never[]) => unknown

export interface Collected {
  /** File and full name; unique. */
  readonly id: string
  readonly file: string
  run(): unknown
}

// Assertions ask the worker they run in for its settings, of which there are none.
Object.assign(globalThis, { __vitest_worker__: { config: {}, environment: {}, ctx: {} } })
const real = new URL('../../node_modules/vitest/dist/index.js', import.meta.url).href
export const { expect } = (await import(real)) as { expect: unknown }

const tests = new Map<string, Collected>()
const groups: string[] = []
let reading = ''

/** The tests of one file, which is imported here. */
export async function collect(file: string): Promise<readonly Collected[]> {
  reading = file
  await import(pathToFileURL(join(process.cwd(), file)).href)
  return [...tests.values()].filter((one) => one.file === file)
}

function add(name: string, run: () => unknown): void {
  const file = reading
  const full = [file, ...groups, name].join(' > ')
  let id = full
  for (let n = 2; tests.has(id); n++) id = `${full} (${n})`
  tests.set(id, { id, file, run })
}

function group(name: string, body: () => void): void {
  groups.push(name)
  body()
  groups.pop()
}

const each =
  (use: (name: string, body: () => unknown) => void) => (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const row of rows) {
      const args = (Array.isArray(row) ? row : [row]) as never[]
      const placeholders = name.match(/%[a-z]/g)?.length ?? 0
      use(format(name, ...args.slice(0, placeholders)), () => body(...args))
    }
  }

export const it = Object.assign((name: string, body: () => unknown) => add(name, body), { each: each(add) })
export const describe = Object.assign(group, {
  each: each((name, body) => group(name, body as () => void)),
})
