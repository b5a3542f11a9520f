import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { loadConfig } from '../../server/config.ts'
import { openBlobs } from '../../server/platform/blobs/open.ts'
import { IN_ROW } from '../../server/ports/store.ts'
import { type MessageId, tenantId } from '../../shared/domain/index.ts'
import { startGateway } from '../support/gateway.ts'
import { submit } from '../support/submit.ts'

const FROM = 'e.lang@demo.example'
const TO = 'nothing@partner.example'

it('a killed gateway erases at its next start what was delivered before, and nothing else', async () => {
  await using first = await startGateway()
  const handIn = (body: string) =>
    submit(first.smtpPort, {
      from: FROM,
      to: [TO],
      password: first.password(FROM),
      mail: `From: ${FROM}\r\nTo: ${TO}\r\nSubject: Tidy\r\nX-Secflow-Protection: portal\r\n\r\n${body}`,
    })
  const short = await handIn('Body\r\n')
  const delivered = await handIn('Body\r\n'.repeat(IN_ROW / 6))
  for (const { id, reply } of [short, delivered]) {
    expect(reply).toMatch(/^250/)
    expect((await first.settled(id)).map(({ state }) => state)).toEqual(['delivered'])
  }
  const blobs = await openBlobs(loadConfig({ file: `${first.folder}/secflow.yaml`, env: {} }).blobs)
  const of = async (kind: 'spool' | 'copy' | 'portal') => {
    const ids: string[] = []
    for await (const id of blobs.list(tenantId('demo'), kind)) ids.push(id)
    return ids
  }
  expect(await of('spool')).toEqual([delivered.id])
  const portal = await of('portal')
  expect(portal).toHaveLength(2)
  {
    await using records = await first.records()
    expect(await records.read.content(short.id as MessageId)).not.toBe(null)
  }
  first.process.kill('SIGKILL')
  await once(first.process, 'exit')

  await using second = await startGateway({ folder: first.folder })
  await using records = await second.records()
  for (const until = Date.now() + 20_000; (await of('spool')).length + (await of('copy')).length > 0; await pause(50))
    expect(Date.now()).toBeLessThan(until)
  for (const id of [short.id, delivered.id] as MessageId[]) {
    const events = await records.read.audit({ message: id, limit: 999 })
    expect(events.filter(({ type }) => type === 'message.done')).toHaveLength(1)
    expect(await records.read.message(id)).toMatchObject({ state: 'done' })
  }
  await expect.poll(() => records.read.content(short.id as MessageId)).toBe(null)
  expect(await of('portal')).toEqual(portal)
  expect(await second.stop()).toBe(0)
})
