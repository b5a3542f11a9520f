import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/**
 * The command of the compiled package, as it ships: a folder as `npm pack` makes it, from `dist`, which must be up to date. The
 * code is copied, because a test of the package itself builds `dist` anew. `startGateway` takes the command from
 * SECFLOW_TEST_BIN.
 */
export function builtCommand(folder: string): string {
  const built = join(folder, 'package')
  mkdirSync(built)
  for (const name of ['bin', 'dist']) cpSync(join(ROOT, name), join(built, name), { recursive: true })
  for (const name of ['node_modules', 'addin', 'examples', 'docs', 'package.json'])
    symlinkSync(join(ROOT, name), join(built, name))
  return join(built, 'bin/secflow.mjs')
}
