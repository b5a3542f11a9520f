/** The file calls of the blob store, in one object, so that a test can watch their order and make them fail. */
import { stat as statOf, unlink } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'

export const disk = {
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  /** Asked of every new blob, and as a rule there is none: `fs/promises` would make an error with its stack each time. */
  exists(path: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      statOf(path, (error) => {
        if (!error) resolve(true)
        else if (error.code === 'ENOENT') resolve(false)
        else reject(error)
      })
    })
  },
  /** Takes a file's name away where it has one: one call, where `rm` looks at what it is first. */
  remove(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      unlink(path, (error) => {
        if (!error || error.code === 'ENOENT') resolve()
        else reject(error)
      })
    })
  },
  /** Makes names in a directory durable. Windows has no such call and keeps them with the file's own flush. */
  async syncDirectory(path: string): Promise<void> {
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      // Nothing was written through it: nobody waits for its end.
      handle.close().catch(() => {})
    }
  },
}

export type Disk = typeof disk
