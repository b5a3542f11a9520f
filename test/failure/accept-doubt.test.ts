import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { recover } from '../../server/journey/ingress/recover.ts'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { systemClock as clock } from '../../server/platform/clock.ts'
import { openSqlite, openSqliteStore } from '../../server/platform/database/sqlite/open.ts'
import { storeOver } from '../../server/platform/database/store.ts'
import { silentLog } from '../../server/ports/log.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { acceptance } from '../support/acceptance.ts'

const A = tenantId('alpha')

test('a mail whose flush failed is refused for now, and what may stand of it after a restart is whole', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'secflow-doubt-'))
  const file = join(dir, 'secflow.db')
  let diskFails = false
  const database = openSqlite({
    file,
    clock,
    busyMs: 100,
    fdatasync: async () => {
      if (diskFails) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    },
  })
  const store = storeOver(database, clock, silentLog)
  const blobs = await openFileBlobs({ root: join(dir, 'blobs'), reserveBytes: 0 })
  const { accept, deps, spool } = acceptance(A, store, blobs)

  // Another process holds the lock: nothing stands, nothing is left.
  const other = new BetterSqlite(file)
  other.exec('begin immediate')
  await expect(accept()).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(await spool()).toEqual([])
  other.close()

  diskFails = true
  await expect(accept()).rejects.toMatchObject({ code: 'store-in-doubt' })
  expect(await spool()).toHaveLength(1)
  // From now on it is certain again: no unit begins.
  await expect(accept()).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(await spool()).toHaveLength(1)
  await expect(store.queue.available()).rejects.toMatchObject({ code: 'store-unavailable' })
  await store.close()

  const anew = await openSqliteStore({ file, clock })
  expect(await recover(A, { ...deps, store: anew, settleMs: 0 })).toEqual({ orphans: [], lost: [] })
  await anew.close()
  await rm(dir, { recursive: true })
})
