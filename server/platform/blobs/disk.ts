/** The file calls of the blob store, in one object, so that a test can watch their order and make them fail. */
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'

export const disk = {
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  /** Makes names in a directory durable. Windows has no such call and keeps them with the file's own flush. */
  async syncDirectory(path: string): Promise<void> {
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

export type Disk = typeof disk
