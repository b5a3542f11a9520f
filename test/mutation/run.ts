/**
 * `npm run mutation [-- files]`: changes the core of the policy language in small ways and sees whether its tests notice.
 * Stryker has an install of its own beside this file, made when it is missing. Exit code 1 below 85 %.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const root = join(here, '../..')

if (!existsSync(join(here, 'node_modules/.bin/stryker'))) {
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
  if (install.status !== 0) process.exit(1)
}
// Outside the repository, where no type check and no test run finds the copies.
const sandbox = mkdtempSync(join(tmpdir(), 'secflow-mutation-'))
const files = process.argv.slice(2)
const stryker = spawnSync(
  join(here, 'node_modules/.bin/stryker'),
  [
    'run',
    join(here, 'stryker.config.json'),
    '--tempDirName',
    sandbox,
    ...(files.length > 0 ? ['--mutate', files.join(',')] : []),
  ],
  { cwd: root, stdio: 'inherit' },
)
rmSync(sandbox, { recursive: true, force: true })
process.exit(stryker.status ?? 1)
