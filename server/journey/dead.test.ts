import { expect, it } from 'vitest'
import { type MessageId, type MessageRecord, tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { noMetrics, silentLog } from '../ports/log.ts'
import { holdDead } from './dead.ts'
import { createWorkers } from './worker.ts'

const tenant = tenantId('acme')
const message = '01a20000-0000-7000-8000-000000000001' as string as MessageId
const record: MessageRecord = {
  id: message,
  state: 'accepted',
  envelope: { mailFrom: 'a@acme.example', recipients: [], body: '7BIT', smtputf8: false, requireTls: false },
  origin: { channel: 'smtp', authenticated: 'auth', peer: '127.0.0.1', tls: null },
  blob: message,
  size: 1,
  digest: '',
  rfcMessageId: '',
  subject: '',
  acceptedAt: 1,
  decision: null,
}

it('a mail whose job is given up is held for a person, and who was settled already stays settled', async () => {
  const store = memoryStore()
  await store.tenant(tenant).write(async (tx) => {
    await tx.insertMessage(record, ['b@x.example', 'c@x.example'])
    await tx.updateRecipient(message, 'c@x.example', { state: 'delivered', at: 2 })
    await tx.enqueue([{ queue: 'process', message, lane: '', step: 'process', payload: {}, runAt: 1 }])
  })
  const workers = createWorkers({
    store,
    handlers: { process: () => Promise.reject(new Fault('blob-missing')) },
    onDead: holdDead({ now: Date.now }),
    clock: { now: Date.now },
    log: silentLog,
    metrics: noMetrics,
    pollMs: 10,
  })
  workers.start()
  const { read } = store.tenant(tenant)
  await expect
    .poll(async () => (await read.recipients(message)).map(({ address, state }) => `${address} ${state}`))
    .toEqual(['b@x.example held', 'c@x.example delivered'])
  await workers.drain(100)
  expect((await read.audit({ message, limit: 10 })).map(({ type }) => type)).toEqual(['job.buried', 'recipient.held'])
})

it('a blind copy that is given up leaves the recipients of the copy it was made of alone', async () => {
  const store = memoryStore()
  await store.tenant(tenant).write(async (tx) => {
    await tx.insertMessage(record, ['b@x.example'])
    await tx.updateRecipient(message, 'b@x.example', { copy: 'one', at: 2 })
    const payload = { copyId: 'one', recipients: ['audit@acme.example'] }
    await tx.enqueue([{ queue: 'deliver', message, lane: '', step: 'bcc:one', payload, runAt: 1 }])
  })
  const [job] = await store.queue.claim(['deliver'], 1, 1000)
  await store.queue.bury(job!, '', (tx) => holdDead({ now: Date.now })(tx, job!, 'route-unknown'))
  expect(await store.tenant(tenant).read.recipients(message)).toMatchObject([{ state: 'pending' }])
})
