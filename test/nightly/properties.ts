import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { vitestRun } from '../support/vitest-run.ts'
import type { Campaign } from './campaign.ts'
import { randomOf } from './random.ts'

const root = join(import.meta.dirname, '../..')

/** As often as in the gate, from each seed. */
const TIMES = 5
/** A test of so many runs may take so long, ms. */
const PATIENCE = 3_600_000

/** Files between two looks at the clock. */
const PORTION = 6

/**
 * Every file with property tests from one new seed, then all of them from the next: what the gate, which has one seed for ever,
 * cannot find.
 */
export const properties: Campaign = {
  name: 'properties',
  unit: 'files',
  full: 660,
  quick: PORTION,
  async run({ count, seed, until, say }) {
    const files = filesWithProperties()
    const scratch = mkdtempSync(join(tmpdir(), 'secflow-properties-'))
    const failures: string[] = []
    let done = 0
    let passed = 0
    while (done < count && performance.now() < until) {
      const own = randomOf(seed, Math.floor(done / files.length)).below(2 ** 31)
      const from = done % files.length
      const portion = files.slice(from, from + Math.min(PORTION, count - done))
      const env = { SECFLOW_TEST_SEED: String(own), SECFLOW_TEST_RUNS: process.env.SECFLOW_TEST_RUNS ?? String(TIMES) }
      const again = `SECFLOW_TEST_SEED=${own} SECFLOW_TEST_RUNS=${env.SECFLOW_TEST_RUNS} vitest run`
      const run = vitestRun([...portion, `--testTimeout=${PATIENCE}`], { scratch, env })
      passed += run.passed
      for (const { file, test } of run.failures) failures.push(`${again} ${file}: ${test}`)
      if (run.failed > run.failures.length) failures.push(`${again} ${portion.join(' ')}: errors outside of the tests`)
      done += portion.length
      say(`${done} files, seed ${own}: ${run.passed} passed, ${run.failed} failed`)
    }
    rmSync(scratch, { recursive: true, force: true })
    return { done, failures, note: `${files.length} files a seed, ${passed} tests` }
  },
}

/** Test files with properties of their own, or of a suite of behaviour beside them (test/contract). */
function filesWithProperties(): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--', '*.ts'], { cwd: root, encoding: 'utf8' })
  const all = stdout.split('\0').filter((file) => file !== '')
  const textOf = (file: string) => readFileSync(join(root, file), 'utf8')
  const suites = all.filter((file) => file.startsWith('test/contract/') && textOf(file).includes(" from 'fast-check'"))
  return all.filter((file) => {
    if (!file.endsWith('.test.ts')) return false
    const text = textOf(file)
    const runs = (suite: string) => file.startsWith('test/contract/') && text.includes(`'./${basename(suite)}'`)
    return text.includes(" from 'fast-check'") || suites.some(runs)
  })
}
