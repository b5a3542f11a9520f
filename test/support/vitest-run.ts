/** One run of the test runner. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Tally } from './tally.ts'

export interface TestRun extends Tally {
  /** Failed tests and errors outside of them; at least one where the runner itself ended badly. */
  readonly failed: number
}

export interface TestRunOptions {
  /** On top of the environment of this process. */
  readonly env: NodeJS.ProcessEnv
  /** A folder for what the runner leaves. */
  readonly scratch: string
}

const root = join(import.meta.dirname, '../..')
const tools = join(root, 'node_modules/.bin')

/** Runs vitest with these arguments. Commands of the project and of administrators are on its path. */
export function vitestRun(args: readonly string[], { env, scratch }: TestRunOptions): TestRun {
  const file = join(scratch, 'tally.json')
  rmSync(file, { force: true })
  const { status } = spawnSync(
    join(tools, 'vitest'),
    ['run', '--reporter=default', `--reporter=${join(import.meta.dirname, 'tally.ts')}`, ...args],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PATH: `${tools}:${process.env.PATH}:/usr/sbin:/sbin`, ...env, SECFLOW_TEST_TALLY: file },
    },
  )
  const tally = read(file)
  const failed = tally.failures.length + tally.errors
  // A run that found no test is no success either.
  return { ...tally, failed: status !== 0 && failed === 0 ? 1 : failed }
}

function read(file: string): Tally {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, skipped: 0, failures: [], errors: 1 }
  }
}
