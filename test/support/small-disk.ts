/** A disk of few megabytes, in memory, that a test can fill. Needs root. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly folder: string
  /** Makes room. */
  grow(megabytes: number): void
  remove(): void
}

/** `owner` is the user that may write on it; null where mounting is not allowed. */
export function mountSmallDisk(owner: string, megabytes: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700,uid=${owner}`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return null
  }
  chmodSync(folder, 0o700)
  return {
    folder,
    grow: (to) => void execFileSync('mount', ['-o', `remount,size=${to}m`, folder]),
    remove() {
      // The server may still have a file open.
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
