import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Disk, disk as realDisk } from '../../server/platform/blobs/disk.ts'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { blobPlace } from '../../server/platform/blobs/layout.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { blobContract } from './blobs.ts'

const A = tenantId('alpha')
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'secflow-blobs-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

blobContract('files', (clock) => openFileBlobs({ root, reserveBytes: 0, clock }))

async function* text(content = 'content') {
  yield Buffer.from(content)
}

/** The real disk, with its durable calls written down. */
function watched(calls: string[], fail: Partial<Record<string, () => Error>> = {}): Disk {
  const note = (name: string, path: string) => {
    calls.push(`${name} ${path.slice(root.length + 1).replace(/[0-9a-f-]{36}/, 'TMP')}`)
    const error = fail[name]?.()
    if (error) throw error
  }
  return {
    ...realDisk,
    open: async (path, flags, mode) => {
      const handle = await realDisk.open(path, flags, mode)
      if (flags !== 'wx') return handle
      const datasync = handle.datasync.bind(handle)
      const write = handle.write.bind(handle)
      handle.datasync = async () => {
        note('fdatasync', String(path))
        await datasync()
      }
      handle.write = ((...args: Parameters<typeof write>) => {
        note('write', String(path))
        return write(...args)
      }) as typeof handle.write
      return handle
    },
    rename: async (from, to) => {
      note('rename', String(to))
      await realDisk.rename(from, to)
    },
    syncDirectory: async (path) => {
      await realDisk.syncDirectory(path)
      note('fsync', path)
    },
  }
}

const failure = (code: string) => () => Object.assign(new Error(code), { code, syscall: 'write' })

test('put resolves after fdatasync, rename and fsync of the directory, in this order', async () => {
  const calls: string[] = []
  const blobs = await openFileBlobs({ root, reserveBytes: 0, disk: watched(calls) })
  await blobs.put(A, 'spool', 'first', text())
  const { directory, file } = blobPlace(root, A, 'spool', 'first')
  const relative = (path: string) => path.slice(root.length + 1)
  const order = ['fdatasync .incoming/TMP', `rename ${relative(file)}`, `fsync ${relative(directory)}`]
  expect(calls.filter((call) => order.includes(call))).toEqual(order)
  // New directories were made durable in their parents before.
  expect(calls).toEqual(expect.arrayContaining(['fsync ', 'fsync alpha', 'fsync alpha/spool']))
})

test('waiting puts share the fsync of a directory', async () => {
  const calls: string[] = []
  const blobs = await openFileBlobs({ root, reserveBytes: 0, disk: watched(calls) })
  const shard = blobPlace(root, A, 'spool', 'x0').directory
  const ids = Array.from({ length: 20_000 }, (_, i) => `x${i}`).filter(
    (id) => blobPlace(root, A, 'spool', id).directory === shard,
  )
  await Promise.all(ids.map((id) => blobs.put(A, 'spool', id, text())))
  const synced = calls.filter((call) => call === `fsync ${shard.slice(root.length + 1)}`).length
  expect(ids.length).toBeGreaterThan(50)
  expect(synced).toBeLessThan(ids.length / 2)
})

test('the reserve of free space raises disk-full before anything is written', async () => {
  const calls: string[] = []
  const blobs = await openFileBlobs({ root, reserveBytes: Number.MAX_SAFE_INTEGER, disk: watched(calls) })
  calls.length = 0
  await expect(blobs.put(A, 'spool', 'one', text())).rejects.toMatchObject({ code: 'disk-full' })
  expect(calls).toEqual([])
  expect(await blobs.free()).toBeGreaterThan(0)
})

test.each([
  ['write', 'ENOSPC', 'disk-full'],
  ['write', 'EIO', 'store-unavailable'],
  ['fdatasync', 'EIO', 'store-unavailable'],
  ['rename', 'EDQUOT', 'disk-full'],
])('%s that fails with %s raises %s and leaves nothing', async (call, code, fault) => {
  const blobs = await openFileBlobs({ root, reserveBytes: 0, disk: watched([], { [call]: failure(code) }) })
  await expect(blobs.put(A, 'archive', 'one', text(), { retainUntil: 9e15 })).rejects.toMatchObject({ code: fault })
  const left = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  expect(left).toEqual([])
})

test('a fsync of the directory that fails is not acknowledged', async () => {
  let fail = false
  const disk = watched([], { fsync: () => (fail ? failure('EIO')() : undefined) as Error })
  const blobs = await openFileBlobs({ root, reserveBytes: 0, disk })
  await blobs.put(A, 'spool', 'warm', text())
  fail = true
  await expect(blobs.put(A, 'spool', 'one', text())).rejects.toMatchObject({ code: 'store-unavailable' })
  fail = false
  await expect(blobs.open(A, 'spool', 'one')).rejects.toMatchObject({ code: 'blob-missing' })
})

test('a locked blob is read-only, and a damaged lock holds', async () => {
  const blobs = await openFileBlobs({ root, reserveBytes: 0 })
  await blobs.put(A, 'archive', 'kept', text(), { retainUntil: 1 })
  const { file, lock } = blobPlace(root, A, 'archive', 'kept')
  expect((await stat(file)).mode & 0o777).toBe(0o400)
  await rm(lock)
  await writeFile(lock, 'not json')
  await expect(blobs.delete(A, 'archive', 'kept')).rejects.toMatchObject({ code: 'blob-locked' })
})

test('a file that lost its end raises blob-damaged', async () => {
  const blobs = await openFileBlobs({ root, reserveBytes: 0 })
  await blobs.put(A, 'spool', 'one', text('x'.repeat(1000)))
  await using source = await blobs.open(A, 'spool', 'one')
  await truncate(blobPlace(root, A, 'spool', 'one').file, 10)
  await expect(source.read(0, 1000)).rejects.toMatchObject({ code: 'blob-damaged' })
})
