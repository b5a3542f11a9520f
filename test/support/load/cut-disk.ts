/**
 * A disk whose power can be cut. A file system lies in a file with direct I/O, the file on XFS: a copy by reference (`cp
 * --reflink`) of it is one instant of what the disk holds, and what only the page cache had is missing in it, as after a power
 * cut of a disk that keeps the order of its writes. Needs root and loop devices.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface CutDisk {
  /** Where it is mounted; after `mount` what is seen there is a snapshot. */
  readonly folder: string
  /** What was set up long ago, before any load, is on the disk. */
  flush(): void
  /** Cuts the power in a copy; answers its number. The disk goes on. */
  cut(): number
  /** Puts a snapshot in place of the disk. Nobody may have a file open there. */
  mount(snapshot: number): void
  remove(): void
}

const run = (...[command, ...argv]: readonly [string, ...string[]]) =>
  execFileSync(command, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** Throws with what is missing. */
export function makeCutDisk(megabytes: number): CutDisk {
  const root = mkdtempSync(join(tmpdir(), 'secflow-cut-'))
  // Postfix gives up root's rights.
  chmodSync(root, 0o755)
  const at = (name: string) => join(root, name)
  const inner = join(at('outer'), 'disk.img')
  for (const name of ['outer', 'disk']) mkdirSync(at(name))
  let device = ''
  let cuts = 0
  const unmount = () => {
    try {
      run('umount', '-l', at('disk'))
    } catch {
      // It was not mounted.
    }
    if (device) run('losetup', '-d', device)
    device = ''
  }
  const attach = (image: string) => {
    device = run('losetup', '--direct-io=on', '-f', '--show', image)
    run('mount', device, at('disk'))
  }
  const remove = () => {
    unmount()
    try {
      run('umount', '-l', at('outer'))
    } catch {
      // It was not mounted.
    }
    rmSync(root, { recursive: true, force: true })
  }
  try {
    run('truncate', '-s', `${megabytes * 4 + 400}M`, at('outer.img'))
    run('mkfs.xfs', '-f', '-q', '-m', 'reflink=1', at('outer.img'))
    run('mount', '-o', 'loop', at('outer.img'), at('outer'))
    run('truncate', '-s', `${megabytes}M`, inner)
    run('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', inner)
    attach(inner)
    run('sync', '-f', at('disk'))
  } catch (error) {
    remove()
    throw error
  }
  return {
    folder: at('disk'),
    flush: () => void run('sync', '-f', at('disk')),
    cut() {
      run('cp', '--reflink=always', inner, join(at('outer'), `cut-${cuts}.img`))
      return cuts++
    },
    mount(snapshot) {
      unmount()
      attach(join(at('outer'), `cut-${snapshot}.img`))
    },
    remove,
  }
}
