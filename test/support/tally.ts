/** A reporter of vitest that leaves the outcome of a run as JSON at SECFLOW_TEST_TALLY. */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export interface Tally {
  readonly passed: number
  readonly skipped: number
  readonly failures: readonly TestFailure[]
  /** Errors outside of every test, such as a rejection nobody caught. */
  readonly errors: number
}

export interface TestFailure {
  /** Path from the root of the project. */
  readonly file: string
  readonly test: string
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    const failures = modules.filter((module) => !module.ok()).flatMap(failuresOf)
    const tally: Tally = { passed: count('passed'), skipped: count('skipped'), failures, errors: errors.length }
    writeFileSync(process.env.SECFLOW_TEST_TALLY ?? '', JSON.stringify(tally))
  }
}

function failuresOf(module: TestModule): readonly TestFailure[] {
  const file = module.relativeModuleId
  const failed = [...module.children.allTests('failed')]
  // A file may fail without a test of it: it cannot be loaded, or a hook of it failed.
  return failed.length > 0
    ? failed.map(({ fullName }) => ({ file, test: fullName }))
    : [{ file, test: 'the file itself' }]
}
