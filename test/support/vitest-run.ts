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
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  /** A folder for what the runner leaves. */
  readonly scratch: string
}

/** Runs vitest with these arguments. */
export function vitestRun(args: readonly string[], { root, env, scratch }: TestRunOptions): TestRun {
  const file = join(scratch, 'tally.json')
  rmSync(file, { force: true })
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--reporter=default', `--reporter=${join(import.meta.dirname, 'tally.ts')}`, ...args],
    { cwd: root, stdio: 'inherit', env: { ...env, SECFLOW_TEST_TALLY: file } },
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
