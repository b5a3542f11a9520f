/**
 * A process that stores and says what was acknowledged, until it is killed: blob, then row, then a line with the id. Takes the
 * folder and how many do so at once.
 */
import { join } from 'node:path'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { systemClock } from '../../server/platform/clock.ts'
import { openSqliteStore } from '../../server/platform/database/sqlite/open.ts'
import { uuidv7 } from '../../server/platform/ids.ts'
import { type MessageId, tenantId } from '../../shared/domain/index.ts'
import * as make from '../contract/store-records.ts'

const dir = process.argv[2]!
const tenant = tenantId('alpha')
const store = await openSqliteStore({ file: join(dir, 'secflow.db'), clock: systemClock })
const blobs = await openFileBlobs({ root: join(dir, 'blobs'), reserveBytes: 0 })

async function accept(): Promise<void> {
  const id = uuidv7(Date.now()) as MessageId
  async function* content() {
    yield Buffer.from(id.repeat(500))
  }
  const { sha256, size } = await blobs.put(tenant, 'spool', id, content())
  await store.tenant(tenant).write(async (tx) => {
    await tx.insertMessage({ ...make.message(Date.now()), id, blob: id, digest: sha256, size }, ['one@peer.example'])
    await tx.enqueue([make.job({ message: id })])
    await tx.appendAudit(make.event(id))
  })
  process.stdout.write(`${id}\n`)
}

await Promise.all(
  Array.from({ length: Number(process.argv[3] ?? 16) }, async () => {
    for (;;) await accept()
  }),
)
