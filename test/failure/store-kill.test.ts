import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { systemClock } from '../../server/platform/clock.ts'
import { openSqliteStore } from '../../server/platform/database/sqlite/open.ts'
import { firstBrokenLink, type MessageId, tenantId } from '../../shared/domain/index.ts'
import { claimDue } from '../support/claim.ts'

const A = tenantId('alpha')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('what was acknowledged survives kill -9, whole and once, three times in a row', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'secflow-kill-'))
  const acknowledged: string[] = []
  for (const ms of [400, 250, 600]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../support/store-writer.ts'), dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await once(child.stdout, 'data')
    await pause(ms)
    child.kill('SIGKILL')
    await once(child, 'close')
    // The last line may be cut off.
    acknowledged.push(...said.split('\n').slice(0, -1))
  }
  expect(acknowledged.length).toBeGreaterThan(20)

  const store = await openSqliteStore({ file: join(dir, 'secflow.db'), clock: systemClock })
  const blobs = await openFileBlobs({ root: join(dir, 'blobs'), reserveBytes: 0 })
  const { read } = store.tenant(A)
  for (const id of acknowledged) {
    const message = await read.message(id as MessageId)
    await using content = await blobs.open(A, 'spool', id)
    expect(
      createHash('sha256')
        .update(await content.read(0, content.size))
        .digest('hex'),
    ).toBe(message?.digest)
    expect(await read.recipients(id as MessageId)).toHaveLength(1)
  }
  const records = await read.audit({ limit: 1_000_000 })
  expect(firstBrokenLink(records, sha256)).toBeNull()
  const jobs = await claimDue(store.queue, ['process'], 1_000_000, 1000)
  // A unit is there as a whole or not at all: as many jobs as messages as audit lines.
  expect(jobs.map(({ message }) => message).sort()).toEqual(records.map(({ message }) => message).sort())
  expect(jobs.map(({ message }) => message)).toEqual(expect.arrayContaining(acknowledged))
  await store.close()
  await rm(dir, { recursive: true })
})
