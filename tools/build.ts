/**
 * `npm pack`: compiles what ships. Node strips no types inside node_modules, so the tarball holds JavaScript. The whole of
 * `dist` is made anew; the next `npm run check` builds the rest into it again.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyFonts } from './fonts.ts'

const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const built = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'shared', 'server', 'cli'], {
  cwd: root,
  // What it says goes to standard error: `npm pack --json` owns standard output.
  stdio: ['ignore', 2, 2],
})
if (built.status === 0) copyFonts(join(root, 'dist/fonts'))
if (built.status !== 0) process.exit(built.status ?? 1)
// Its sources are bundled, not compiled.
const { buildPane } = await import('./pane.ts')
await buildPane()
