import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/**
 * The command of the compiled package, as it ships: `bin/secflow.mjs` prefers the sources beside it, so a copy of it beside the
 * compiled code (`dist`, which must be up to date) finds only that. `startGateway` takes it from SECFLOW_TEST_BIN.
 */
export function builtCommand(folder: string): string {
  const command = join(folder, 'package/bin/secflow.mjs')
  mkdirSync(join(folder, 'package/bin'), { recursive: true })
  copyFileSync(join(ROOT, 'bin/secflow.mjs'), command)
  symlinkSync(join(ROOT, 'dist'), join(folder, 'package/dist'))
  return command
}
