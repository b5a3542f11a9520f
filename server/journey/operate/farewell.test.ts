import { expect, it } from 'vitest'
import { type MessageRecord, tenantId } from '../../../shared/domain/index.ts'
import { memoryBlobs } from '../../../test/support/memory-blobs.ts'
import { createFarewell } from './farewell.ts'

it('the sender of a mail that an operator dropped reads why in both languages', async () => {
  const tenant = tenantId('acme')
  const blobs = memoryBlobs()
  await blobs.put(
    tenant,
    'spool',
    'm1',
    (async function* () {
      yield Buffer.from('Subject: x\r\n\r\nx\r\n')
    })(),
  )
  const record = {
    id: 'm1',
    blob: 'm1',
    envelope: { mailFrom: 'ann@acme.example', recipients: [{ address: 'b@p.example' }], smtputf8: false },
    origin: { channel: 'smtp', authenticated: 'auth', identity: 'ann', peer: '192.0.2.1', tls: null },
    rfcMessageId: 'm1@acme.example',
    acceptedAt: 0,
  } as unknown as MessageRecord
  const profile = { domains: ['acme.example'], language: 'de' as const, routes: {} }
  const farewell = createFarewell({ blobs, newId: () => 'r1', name: 'gw.acme.example', tenant: () => profile })
  expect(await farewell.prepare(tenant, record, ['b@p.example'], 'test mail', 0)).not.toBeNull()
  await using source = await blobs.open(tenant, 'copy', 'r1')
  const report = (await source.read(0, source.size)).toString().replaceAll('=\r\n', '')
  expect(report).toContain('550 5.7.1 Auf Entscheidung der Administration nicht zugestellt: test mail')
  expect(report).toContain('550 5.7.1 Not delivered by decision of the operator: test mail')
})
