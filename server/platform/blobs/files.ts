import { createHash, hash as hashOf, randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { BlobContent, BlobInfo, BlobKind, KeptBlobs } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import { systemClock } from '../clock.ts'
import { sharedDirectorySync } from './directory-sync.ts'
import { type Disk, disk as realDisk } from './disk.ts'
import { diskFault, errorCode } from './faults.ts'
import { type BlobPlace, blobPlace, kindDirectory } from './layout.ts'
import { fileSource } from './source.ts'

/** Small pieces are gathered to this size before they are written. */
const GATHER = 65_536
/** Free space is looked at again after this many bytes of one blob. */
const LOOK_AGAIN = 16_777_216
/** How long one look at the free space counts, in ms. */
const LOOK_COUNTS = 250
/** Unfinished files of a process that died are removed after this time, in ms. */
const ABANDONED = 86_400_000

export interface FileBlobOptions {
  readonly root: string
  /** `put` raises `disk-full` rather than leave fewer bytes free than this. */
  readonly reserveBytes: number
  readonly clock?: Clock
  /** For tests. */
  readonly disk?: Disk
}

/**
 * Blobs as files. A blob is written under a temporary name, flushed (fdatasync), renamed, and its directory flushed,
 * the last one together with everybody else's; only then `put` resolves (HOUSE decision 11). One process per root.
 */
export async function openFileBlobs(options: FileBlobOptions): Promise<KeptBlobs> {
  const { root, reserveBytes, clock = systemClock, disk = realDisk } = options
  const incoming = join(root, '.incoming')
  const syncDirectories = sharedDirectorySync((path) => disk.syncDirectory(path))
  /** Directories that are known to be there, durably. */
  const made = new Map<string, Promise<void>>()
  /** Ids being written, so that two puts of one id cannot both see it free. */
  const writing = new Set<string>()
  let looked: { at: number; free: Promise<number> } | null = null

  try {
    await disk.mkdir(incoming, { recursive: true, mode: 0o700 })
    for (const name of await disk.readdir(incoming)) {
      const path = join(incoming, name)
      if (Date.now() - (await disk.stat(path)).mtimeMs > ABANDONED) await disk.rm(path, { force: true })
    }
    await disk.syncDirectory(root)
  } catch (error) {
    throw diskFault(error)
  }

  /** Makes a directory and its missing parents durable, once per process. */
  function directory(path: string): Promise<void> {
    if (path === root) return Promise.resolve()
    const known = made.get(path)
    if (known) return known
    const making = (async () => {
      await directory(dirname(path))
      await disk.mkdir(path, { recursive: true, mode: 0o700 })
      await syncDirectories([dirname(path)])
    })()
    made.set(path, making)
    making.catch(() => made.delete(path))
    return making
  }

  async function free(): Promise<number> {
    const now = performance.now()
    if (!looked || now - looked.at > LOOK_COUNTS) {
      looked = { at: now, free: disk.statfs(root).then(({ bavail, bsize }) => bavail * bsize) }
    }
    return looked.free
  }

  async function roomOr(wanted: number): Promise<void> {
    if ((await free()) - wanted < reserveBytes) throw new Fault('disk-full', 'the reserve of free space is reached')
  }

  /** Writes the content and says what it was; small pieces of a stream are copied, since a source may use its buffer again. */
  async function writeAll(handle: FileHandle, content: BlobContent): Promise<BlobInfo> {
    if (content instanceof Uint8Array) {
      const written = writeWhole(handle, content)
      // Reckoned here while the pool writes.
      const sha256 = hashOf('sha256', content)
      await written
      return { size: content.length, sha256 }
    }
    const hash = createHash('sha256')
    let gathered = Buffer.alloc(0)
    let filled = 0
    let size = 0
    let lookAt = LOOK_AGAIN
    for await (const chunk of content) {
      hash.update(chunk)
      size += chunk.length
      if (filled + chunk.length > GATHER) {
        await writeWhole(handle, gathered.subarray(0, filled))
        filled = 0
      }
      if (chunk.length >= GATHER) await writeWhole(handle, chunk)
      else {
        if (gathered.length === 0) gathered = Buffer.allocUnsafe(GATHER)
        gathered.set(chunk, filled)
        filled += chunk.length
      }
      if (size >= lookAt) {
        lookAt += LOOK_AGAIN
        looked = null
        await roomOr(0)
      }
    }
    await writeWhole(handle, gathered.subarray(0, filled))
    return { size, sha256: hash.digest('hex') }
  }

  async function writeLock(place: BlobPlace, retainUntil: number): Promise<void> {
    const handle = await disk.open(place.lock, 'wx', 0o400)
    try {
      await handle.writeFile(JSON.stringify({ retainUntil }))
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  /** Opens the temporary file of a new blob, and looks meanwhile whether its id is taken. */
  async function begin(place: BlobPlace, temporary: string, mode: number): Promise<FileHandle> {
    const [taken, opened] = await Promise.allSettled([disk.exists(place.file), disk.open(temporary, 'wx', mode)])
    if (opened.status === 'rejected') throw opened.reason
    if (taken.status === 'fulfilled' && !taken.value) return opened.value
    await opened.value.close()
    await disk.rm(temporary, { force: true })
    throw taken.status === 'rejected' ? taken.reason : new Fault('blob-locked', 'the id is taken')
  }

  async function putAt(place: BlobPlace, content: BlobContent, retainUntil: number | undefined): Promise<BlobInfo> {
    await roomOr(0)
    const temporary = join(incoming, randomUUID())
    const handle = await begin(place, temporary, retainUntil === undefined ? 0o600 : 0o400)
    const directories = directory(place.directory)
    let locked = false
    try {
      let info: BlobInfo
      let closed: Promise<void> | undefined
      try {
        info = await writeAll(handle, content)
        await handle.datasync()
      } finally {
        closed = handle.close()
        closed.catch(() => {})
      }
      // Windows renames no open file; elsewhere what is on disk already need not be closed first.
      if (process.platform === 'win32') await closed
      await directories
      if (retainUntil !== undefined) {
        // The lock first: a blob without it could be deleted. One that a dead process left behind belongs to no blob.
        await disk.rm(place.lock, { force: true })
        await writeLock(place, retainUntil)
        locked = true
      }
      await disk.rename(temporary, place.file)
      await Promise.all([closed, syncDirectories([place.directory])])
      return info
    } catch (error) {
      await directories.catch(() => {})
      await disk.rm(temporary, { force: true }).catch(() => {})
      await disk.rm(place.file, { force: true }).catch(() => {})
      if (locked) await disk.rm(place.lock, { force: true }).catch(() => {})
      throw error
    }
  }

  async function retainedUntil(place: BlobPlace): Promise<number> {
    let handle: FileHandle
    try {
      handle = await disk.open(place.lock, 'r')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 0
      throw error
    }
    try {
      const { retainUntil } = JSON.parse(await handle.readFile('utf8')) as { retainUntil?: unknown }
      // A lock that cannot be read holds: fail closed.
      return typeof retainUntil === 'number' ? retainUntil : Number.POSITIVE_INFINITY
    } catch {
      return Number.POSITIVE_INFINITY
    } finally {
      await handle.close()
    }
  }

  return {
    async put(tenant: TenantId, kind: BlobKind, id: string, content, putOptions = {}) {
      const place = blobPlace(root, tenant, kind, id)
      if (writing.has(place.file)) throw new Fault('blob-locked', 'the id is taken')
      writing.add(place.file)
      try {
        return await putAt(place, content, putOptions.retainUntil)
      } catch (error) {
        throw diskFault(error)
      } finally {
        writing.delete(place.file)
      }
    },

    async open(tenant, kind, id) {
      const { file } = blobPlace(root, tenant, kind, id)
      if (writing.has(file)) throw new Fault('blob-missing', `${kind} ${id}`)
      try {
        const handle = await disk.open(file, 'r')
        try {
          return fileSource(handle, (await handle.stat()).size)
        } catch (error) {
          await handle.close()
          throw error
        }
      } catch (error) {
        if (errorCode(error) === 'ENOENT') throw new Fault('blob-missing', `${kind} ${id}`)
        throw diskFault(error)
      }
    },

    async delete(tenant, kind, id) {
      const place = blobPlace(root, tenant, kind, id)
      if (writing.has(place.file)) return
      try {
        const locked = await disk.exists(place.lock)
        if (locked && (await retainedUntil(place)) > clock.now()) throw new Fault('blob-locked', `${kind} ${id}`)
        await disk.remove(place.file)
        if (locked) await disk.remove(place.lock)
      } catch (error) {
        throw diskFault(error)
      }
    },

    async *list(tenant, kind) {
      const top = kindDirectory(root, tenant, kind)
      const names = async (path: string) =>
        disk.readdir(path).catch((error) => {
          if (errorCode(error) === 'ENOENT') return []
          throw diskFault(error)
        })
      for (const shard of (await names(top)).sort()) {
        for (const name of await names(join(top, shard))) {
          if (!name.startsWith('.') && !writing.has(join(top, shard, name))) yield name
        }
      }
    },

    async retainedUntil(tenant, kind, id) {
      try {
        return (await retainedUntil(blobPlace(root, tenant, kind, id))) || null
      } catch (error) {
        throw diskFault(error)
      }
    },

    free: () =>
      free().catch((error) => {
        throw diskFault(error)
      }),
  }
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten
}
