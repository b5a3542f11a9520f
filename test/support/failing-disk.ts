/** A disk that fails when told to, under a whole gateway: a small library before libc, compiled here. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasTool } from './tools.ts'

/** errno of Linux. */
export const EIO = 5
export const ENOSPC = 28
/** Nothing is done, and the call says that all is well. */
export const LIES = 0

export interface FailingDisk extends Disposable {
  /** Environment of the process whose disk it is. */
  readonly env: Readonly<Record<string, string>>
  /** From now on the first `times` of these calls on files whose path has `part` fail. */
  fail(call: 'fsync' | 'fdatasync' | 'sync' | 'write', part: string, code: number, times?: number): void
  mend(): void
}

/** null where there is no C compiler. */
export function failingDisk(): FailingDisk | null {
  if (!hasTool('gcc')) return null
  const folder = mkdtempSync(join(tmpdir(), 'secflow-failing-'))
  const library = join(folder, 'failing-disk.so')
  const source = join(import.meta.dirname, 'failing-disk.c')
  const compiled = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { encoding: 'utf8' })
  if (compiled.status !== 0) throw new Error(compiled.stderr)
  const rules = join(folder, 'rules')
  let turn = 0
  return {
    env: { LD_PRELOAD: library, FAILING_DISK: rules },
    fail: (call, part, code, times = 1_000_000) => writeFileSync(rules, `${call} ${part} ${code} ${times} ${++turn}\n`),
    mend: () => rmSync(rules, { force: true }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
