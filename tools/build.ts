/** `npm pack`: compiles what ships. Node strips no types inside node_modules, so the tarball holds JavaScript. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const built = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'shared', 'server', 'cli'], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(built.status ?? 1)
