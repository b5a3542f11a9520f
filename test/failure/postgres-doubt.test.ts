import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { systemClock as clock } from '../../server/platform/clock.ts'
import { openPostgresStore } from '../../server/platform/database/postgres/open.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { acceptance } from '../support/acceptance.ts'
import { cutProxy } from '../support/cut-proxy.ts'
import { startPostgres } from '../support/postgres.ts'
import { postgresAddress } from '../support/postgres-address.ts'

const A = tenantId('alpha')

test('a mail whose commit was cut off is refused for now and keeps its content where its row may stand', async () => {
  const server = await startPostgres()
  const proxy = await cutProxy(server.port)
  const dir = await mkdtemp(join(tmpdir(), 'secflow-doubt-'))
  const address = { ...postgresAddress(await server.create('doubt')), port: proxy.port }
  const store = await openPostgresStore({ address, clock })
  const blobs = await openFileBlobs({ root: dir, reserveBytes: 0 })
  const { accept, spool } = acceptance(A, store, blobs)
  const rows = async () => (await store.tenant(A).read.messages({ limit: 9 })).map(({ id }) => id)
  try {
    const { id } = await accept()
    proxy.cutAt('commit\0', 'after')
    await expect(accept()).rejects.toMatchObject({ code: 'store-in-doubt' })
    // It stands, once the server has done what it was told, and so does its content.
    await expect.poll(rows).toHaveLength(2)
    expect((await rows()).sort()).toEqual((await spool()).sort())
    expect(await rows()).toContain(id)
    await server.halt()
    await expect(accept()).rejects.toMatchObject({ code: expect.stringMatching(/^store-/) })
    await server.resume()
    await accept()
    for (const row of await rows()) expect(await spool()).toContain(row)
  } finally {
    await store.close()
    await proxy.close()
    await server.stop()
    await rm(dir, { recursive: true })
  }
})
