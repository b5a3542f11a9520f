/**
 * `npm test`: check, then every suite. System tools are installed or named first; without them their suites are left out by
 * name and the run fails, unless SECFLOW_TEST_SKIP_TOOLS=1. The last line counts: `N passed, N failed, N skipped`.
 *
 * A few files that fail are run again, alone and twice; what passes both times is named `unsteady`, and fails the run only with
 * SECFLOW_TEST_STRICT=1 (docs/decisions/0042-unsteady-tests.md).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePane } from '../tools/pane.ts'
import { builtCommand } from './support/built.ts'
import { GATE_SEED } from './support/property-seed.ts'
import { provideTools } from './support/tools.ts'
import { vitestRun } from './support/vitest-run.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)
const say = (line: string) => process.stdout.write(`${line}\n`)

const missing = provideTools(say)
const tolerant = process.env.SECFLOW_TEST_SKIP_TOOLS === '1'

say('== check')
const check = spawnSync(bin('node'), [join(root, 'tools/check.ts')], { cwd: root, stdio: 'inherit' })

/** Suites that need tools which are not there: the folder and the tools it wants. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  'test/interop': ['openssl', 'gnupg', 'qpdf', 'poppler-utils', 'p7zip-full', 'chromium', 'postfix', 'swaks'],
  'test/browser': ['chromium'],
  'test/journey': ['openssl', 'gnupg', 'qpdf', 'poppler-utils', 'p7zip-full'],
}
const leftOut = Object.entries(NEEDS).filter(([, tools]) => tools.some((tool) => missing.includes(tool)))
for (const [folder, tools] of leftOut)
  say(`left out: ${folder} (missing ${tools.filter((tool) => missing.includes(tool)).join(', ')})`)

say('== tests')
const scratch = mkdtempSync(join(tmpdir(), 'secflow-test-'))
/** The gateways of the tests run what ships: the compiled package, which the check has just built. */
await ensurePane()
const built = check.status === 0 ? { SECFLOW_TEST_BIN: builtCommand(scratch) } : {}
const seed = { SECFLOW_TEST_SEED: process.env.SECFLOW_TEST_SEED ?? String(GATE_SEED) }
const options = { scratch, env: { ...built, ...seed } }
const first = vitestRun(
  [...leftOut.flatMap(([folder]) => ['--exclude', `${folder}/**`]), ...process.argv.slice(2)],
  options,
)

/** More files than these did not fail by chance. */
const FEW = 4
const failedFiles = [...new Set(first.failures.map(({ file }) => file))]
const suspects = failedFiles.length <= FEW ? failedFiles : []
if (suspects.length > 0) say('== again, alone')
const unsteady = suspects.filter((file) =>
  [1, 2].every(() => vitestRun([file, '--maxWorkers=1'], options).failed === 0),
)
rmSync(scratch, { recursive: true, force: true })

const byChance = first.failures.filter(({ file }) => unsteady.includes(file))
for (const { file, test } of byChance) say(`unsteady: ${file} > ${test}: failed among the others, passed twice alone`)
const forgiven = process.env.SECFLOW_TEST_STRICT === '1' ? 0 : byChance.length

const checkFailed = check.status !== 0 ? 1 : 0
const toolsFailed = leftOut.length && !tolerant ? leftOut.length : 0
const failed = first.failed - forgiven + checkFailed + toolsFailed
const passed = first.passed + forgiven + (checkFailed ? 0 : 1)
say(`${passed} passed, ${failed} failed, ${first.skipped + (tolerant ? leftOut.length : 0)} skipped`)
process.exit(failed ? 1 : 0)
