import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openS3Blobs } from '../../server/platform/blobs/s3/store.ts'
import { IN_ROW } from '../../server/ports/store.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { startGateway } from '../support/gateway.ts'
import { startS3 } from '../support/s3.ts'
import { submit } from '../support/submit.ts'

const FROM = 'e.lang@demo.example'

test('while the object store is away mail is refused for now, and nothing has to be started again when it is back', async () => {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const store = await s3.gateway()
  const env = {
    SECFLOW_BLOBS_URL: `s3://${bucket}?endpoint=${store.endpoint}`,
    SECFLOW_BLOBS_ACCESS_KEY_ID: s3.accessKeyId,
    SECFLOW_BLOBS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }
  await using gateway = await startGateway({ env })
  const send = (name: string, lines = IN_ROW / 72) =>
    submit(gateway.smtpPort, {
      from: FROM,
      to: ['nothing@partner.example'],
      password: gateway.password(FROM),
      mail: `From: ${FROM}\r\nTo: nothing@partner.example\r\nSubject: ${name}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(lines)}`,
    })
  const before = await send('before')
  expect(before.reply).toMatch(/^250/)
  expect((await gateway.settled(before.id)).map(({ state }) => state)).toEqual(['delivered'])

  await store.kill()
  const away = await Promise.all([send('away one'), send('away two')])
  for (const { reply } of away) expect(reply).toMatch(/^451 4\.3\.0/)
  // A short mail is in no need of it.
  const short = await send('short', 1)
  expect(short.reply).toMatch(/^250/)
  expect((await gateway.settled(short.id)).map(({ state }) => state)).toEqual(['delivered'])
  expect(gateway.process.exitCode).toBeNull()

  await store.start()
  const after = await send('after')
  expect(after.reply).toMatch(/^250/)
  expect((await gateway.settled(after.id)).map(({ state }) => state)).toEqual(['delivered'])
  // What was refused left nothing that somebody would have to look after.
  const ids: string[] = []
  const blobs = openS3Blobs(s3.options(bucket))
  for (const until = Date.now() + 10_000; ; await pause(100)) {
    ids.length = 0
    for await (const id of blobs.list(tenantId('demo'), 'spool')) ids.push(id)
    if (ids.every((id) => id === before.id || id === after.id) || Date.now() > until) break
  }
  expect([before.id, after.id]).toEqual(expect.arrayContaining(ids))
  expect(await gateway.stop()).toBe(0)
  await store.kill()
}, 120_000)
