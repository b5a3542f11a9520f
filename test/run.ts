/**
 * `npm test`: check, then every suite. System tools are installed or named first; without them their suites are left out by
 * name and the run fails, unless SECFLOW_TEST_SKIP_TOOLS=1. The last line counts: `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePane } from '../tools/pane.ts'
import { builtCommand } from './support/built.ts'
import { provideTools } from './support/tools.ts'

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
const report = join(scratch, 'report.json')
const filters = process.argv.slice(2)
/** The gateways of the tests run what ships: the compiled package, which the check has just built. */
await ensurePane()
const built = check.status === 0 ? { SECFLOW_TEST_BIN: builtCommand(scratch) } : {}
const vitest = spawnSync(
  bin('vitest'),
  [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...leftOut.flatMap(([folder]) => ['--exclude', `${folder}/**`]),
    ...filters,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...built, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}:/usr/sbin:/sbin` },
  },
)
let counts = { passed: 0, failed: 1, skipped: 0 }
try {
  const result = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number> & { success: boolean }
  counts = {
    passed: result.numPassedTests ?? 0,
    failed: (result.numFailedTests ?? 0) + (vitest.status !== 0 && !result.numFailedTests ? 1 : 0),
    skipped: (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0),
  }
} catch {
  say('the test runner left no report')
}
rmSync(scratch, { recursive: true, force: true })

const checkFailed = check.status !== 0 ? 1 : 0
const toolsFailed = leftOut.length && !tolerant ? leftOut.length : 0
say(
  `${counts.passed + (checkFailed ? 0 : 1)} passed, ${counts.failed + checkFailed + toolsFailed} failed, ${counts.skipped + (tolerant ? leftOut.length : 0)} skipped`,
)
process.exit(counts.failed + checkFailed + toolsFailed ? 1 : 0)
