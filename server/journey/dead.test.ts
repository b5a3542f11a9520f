import { expect, it } from 'vitest'
import { type JobSpec, type MessageId, type MessageRecord, tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { claimDue } from '../../test/support/claim.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { standingPasswordRecord } from '../keys/standing-password.ts'
import { noMetrics, silentLog } from '../ports/log.ts'
import { type DeadParts, holdDead } from './dead.ts'
import { openPayload } from './sealed-payload.ts'
import { plainTenant } from './tenant.ts'
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
  subject: 'Plan',
  acceptedAt: 1,
  decision: null,
}

const secrets = { keyEncryptionKey: () => Buffer.alloc(32, 1), macKey: () => Buffer.alloc(32, 2) }
const profile = plainTenant(tenant, 'acme.example')
const parts = { clock: { now: Date.now }, secrets, tenant: () => profile }

/** Mails that are to go to somebody. */
const told = (store: ReturnType<typeof memoryStore>) =>
  store
    .jobs()
    .filter(({ queue }) => queue === 'mail')
    .map(({ payload }) => openPayload(secrets, tenant, (payload as { sealed: string }).sealed))

async function buried(job: Partial<JobSpec>, options: { record?: MessageRecord; dead?: Partial<DeadParts> } = {}) {
  const store = memoryStore()
  await store.tenant(tenant).write(async (tx) => {
    await tx.insertMessage(options.record ?? record, ['b@x.example', 'c@x.example'])
    await tx.enqueue([{ queue: 'process', message, lane: '', step: 's', payload: {}, runAt: 1, ...job }])
  })
  const [claimed] = await claimDue(store.queue, ['process', 'deliver', 'sms', 'mail', 'webhook'], 1, 1000)
  const dead = holdDead({ ...parts, ...options.dead })
  await store.queue.bury(claimed!, '', (tx) => dead(tx, claimed!, 'config-missing'))
  return store
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
    onDead: holdDead(parts),
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
  const [job] = await claimDue(store.queue, ['deliver'], 1, 1000)
  await store.queue.bury(job!, '', (tx) => holdDead(parts)(tx, job!, 'route-unknown'))
  expect(await store.tenant(tenant).read.recipients(message)).toMatchObject([{ state: 'pending' }])
})

it('a blind copy that is given up is no news to the sender', async () => {
  const payload = { copyId: 'one', recipients: ['audit@acme.example'] }
  expect(told(await buried({ queue: 'deliver', step: 'bcc:one', payload }))).toEqual([])
})

it('one mail tells the sender of all whom it keeps from getting theirs', async () => {
  const mails = told(await buried({}))
  expect(mails).toMatchObject([{ to: 'a@acme.example', subject: 'Held: Plan' }])
  expect(mails[0]!.text).toMatch(/b@x\.example\nc@x\.example/)
})

it.each([
  ['en', 'Password not sent: Plan', 'the recipient cannot open the PDF'],
  ['de', 'Kennwort nicht gesendet: Plan', 'Der Empfänger kann das PDF nicht öffnen'],
] as const)('a password that did not go out is told to the sender (%s)', async (language, subject, words) => {
  const job: Partial<JobSpec> = {
    queue: 'sms',
    step: 'password:b@x.example',
    payload: { recipient: 'b@x.example', sealed: '' },
  }
  const store = await buried(job, { dead: { tenant: () => ({ ...profile, language }) } })
  const mails = told(store)
  expect(mails).toMatchObject([{ to: 'a@acme.example', subject }])
  expect(mails[0]!.text).toContain(words)
  expect(mails[0]!.text).toContain('b@x.example')
  // His copy is on the way; there is nothing to hold back.
  expect(await store.tenant(tenant).read.recipients(message)).toMatchObject([
    { state: 'pending' },
    { state: 'pending' },
  ])
})

it.each([
  ['forgotten, so that the next mail brings a new one', 7, []],
  ['left alone where there is a newer one', 6, ['b@x.example']],
])('a password to keep that did not go out is %s', async (_what, keptSince, left) => {
  const store = memoryStore()
  const kept = { tenant, address: 'b@x.example', now: 7 }
  await store.tenant(tenant).write(async (tx) => {
    await tx.insertMessage(record, ['b@x.example'])
    await tx.putKey(standingPasswordRecord(secrets, kept, 'lusab-babad'))
    const payload = { recipient: 'B@x.example', sealed: '', keptSince }
    await tx.enqueue([{ queue: 'sms', message, lane: '', step: 'password:b@x.example', payload, runAt: 1 }])
  })
  const [job] = await claimDue(store.queue, ['sms'], 1, 1000)
  await store.queue.bury(job!, '', (tx) => holdDead(parts)(tx, job!, 'sms-refused'))
  const keys = await store.tenant(tenant).read.keys({ kind: 'password' })
  expect(keys.map(({ address }) => address)).toEqual(left)
})

it.each<[string, Partial<JobSpec>, Parameters<typeof buried>[1]?]>([
  ['a stranger', {}, { record: { ...record, origin: { ...record.origin, authenticated: 'none' } } }],
  ['the null sender', {}, { record: { ...record, envelope: { ...record.envelope, mailFrom: '' } } }],
  ['anybody about a webhook', { queue: 'webhook' }],
  ['anybody about a code for the portal', { queue: 'sms', message: null, step: 'code' }],
  ['anybody about a mail like this one', { queue: 'mail' }],
])('tells nothing to %s', async (_who, job, options) => {
  const store = await buried(job, options)
  expect(store.jobs().filter(({ queue, state }) => queue === 'mail' && state === 'ready')).toEqual([])
})

it('the job of a tenant that is gone ends all the same', async () => {
  const gone = () => {
    throw new Fault('config-missing')
  }
  const store = await buried({}, { dead: { tenant: gone } })
  expect(store.jobs()).toMatchObject([{ state: 'dead' }])
  expect(await store.tenant(tenant).read.recipients(message)).toMatchObject([{ state: 'held' }, { state: 'held' }])
})
