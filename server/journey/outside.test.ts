import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { claimDue } from '../../test/support/claim.ts'
import { memoryBlobs } from '../../test/support/memory-blobs.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { startSmtpServer } from '../../test/support/smtp-server.ts'
import { tenantSecrets } from '../platform/secrets.ts'
import { createSmtpTransport } from '../platform/smtp/transport.ts'
import { createWebhooks } from '../platform/webhook.ts'
import { silentLog } from '../ports/log.ts'
import { createOutside } from './outside.ts'
import { sealPayload } from './sealed-payload.ts'
import type { TenantProfile } from './tenant.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

it('sends a mail that is finished already as it is, by the route of its recipient', async () => {
  const server = await startSmtpServer()
  const transport = createSmtpTransport({ name: 'gw.acme.example', log: silentLog })
  closers.push(server.close, transport.close)
  const id = tenantId('acme')
  const store = memoryStore(() => 1_000)
  const secrets = tenantSecrets(randomBytes(32))
  const route = { name: 'reports', host: '127.0.0.1', port: server.port, tls: 'none', connections: 1 } as const
  const profile = {
    id,
    domains: ['acme.example'],
    routes: { '': { ...route, name: '', port: 1 }, reports: route },
    routeByDomain: { 'asks.example': 'reports' },
  } as unknown as TenantProfile
  const outside = createOutside({
    store,
    blobs: memoryBlobs(),
    secrets,
    webhooks: createWebhooks({ allowPrivate: () => false }),
    transport,
    clock: { now: () => 1_000 },
    tenant: () => profile,
    sms: () => {
      throw new Error('no SMS here')
    },
  })
  const message = 'From: <tls@acme.example>\r\nSubject: Report\r\n\r\n.a report\r\n'
  const sealed = sealPayload(secrets, id, { to: 'tls@asks.example', message: Buffer.from(message).toString('base64') })
  const job = { queue: 'mail', message: null, lane: '', step: 'tls-rpt:1', payload: { sealed }, runAt: 0 } as const
  await store.tenant(id).write((tx) => tx.enqueue([job]))
  const [claimed] = await claimDue(store.queue, ['mail'], 1, 30_000)
  await outside.mail(claimed!)
  expect(server.received).toMatchObject([
    { mail: expect.stringContaining('MAIL FROM:<>'), to: ['tls@asks.example'], data: message },
  ])
  expect((await store.tenant(id).read.audit({ limit: 9 })).map(({ type }) => type)).toEqual(['mail.sent'])
})
