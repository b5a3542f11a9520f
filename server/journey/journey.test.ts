import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { type MessageId, type PersonRecord, tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { claimDue } from '../../test/support/claim.ts'
import { memoryBlobs } from '../../test/support/memory-blobs.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { policyOf, ruleSet, rules } from '../../test/support/policy.ts'
import { noMetrics, silentLog } from '../ports/log.ts'
import type { Route } from '../ports/transport.ts'
import { holdDead } from './dead.ts'
import { createTurns } from './inbound/turns.ts'
import { createProcess } from './journey.ts'
import { plainTenant, type TenantProfile } from './tenant.ts'

const tenant = tenantId('acme')
const route: Route = { name: '', host: 'mx.acme.example', port: 25, tls: 'verified', connections: 1 }
const profile: TenantProfile = {
  ...plainTenant(tenant, 'acme.example'),
  routes: { '': route, clear: { ...route, name: 'clear', tls: 'opportunistic' } },
  archives: { vault: { kind: 'blobs', retentionMs: 1000 } },
}
const message = '01a20000-0000-7000-8000-000000000001' as string as MessageId
const READY = 'ready@x.example'
const LATER = 'later@x.example'

/** A house that knows its people (but not LATER, until told) and no keys; what is accepted is `process`ed by hand. */
async function house(spec: string, mail: { from?: string; header?: string; to?: readonly string[] } = {}) {
  const { from = 'a@acme.example', header = '\r\n', to = [READY, LATER] } = mail
  const world = { now: 1_700_000_000_000, ids: 0, unknown: new Set([LATER]), meanwhile: async () => {} }
  const store = memoryStore(() => world.now)
  const blobs = memoryBlobs()
  const clock = { now: () => world.now }
  const directory = {
    async person(_tenant: string, address: string): Promise<PersonRecord | null> {
      await world.meanwhile()
      if (world.unknown.has(address)) throw new Fault('store-unavailable')
      return null
    },
    holders: async () => [],
  }
  const keyring = {
    certificate: async () => ({ state: 'none', certificate: null }) as const,
    pgpKey: async () => ({ state: 'none', armored: null }) as const,
    smimeIdentity: async () => null,
    pgpIdentity: async () => null,
    decryptionKeys: async () => ({ smime: [], pgp: [] }),
    anchors: async () => [],
    verificationKeys: async () => ({ pgp: [], certificates: [], revoked: new Set<string>() }),
    standingPassword: async () => null,
  }
  const secrets = { keyEncryptionKey: () => Buffer.alloc(32, 1), macKey: () => Buffer.alloc(32, 2) }
  const documents = {
    render: () => Promise.reject(new Fault('render-failed')),
    lock: () => Promise.reject(new Fault('render-failed')),
    close: async () => {},
  }
  const newId = () => `01a20000-0000-7000-9000-${String(++world.ids).padStart(12, '0')}`
  const policy = policyOf(ruleSet(spec))
  const process = createProcess({
    store,
    blobs,
    knowledge: { directory, keyring, stamps: null },
    tools: { blobs, secrets, keyring, directory, documents, clock, newId },
    authenticate: () => Promise.reject(new Fault('dns-unavailable')),
    verdicts: { sign: async () => 'signed', holds: async () => false },
    turns: createTurns(1_000_000),
    name: 'gateway.acme.example',
    log: silentLog,
    metrics: noMetrics,
    tenant: () => profile,
    policy: () => policy,
    keepInputs: false,
    retryAt: (_attempt, now) => now,
  })
  const bytes = Buffer.from(`From: a@acme.example\r\nTo: ${to.join(', ')}\r\nSubject: hello\r\n${header}hello\r\n`)
  await blobs.put(tenant, 'spool', message, [bytes] as unknown as AsyncIterable<Uint8Array>)
  const records = store.tenant(tenant)
  await records.write(async (tx) => {
    await tx.insertMessage(
      {
        id: message,
        state: 'accepted',
        envelope: {
          mailFrom: from,
          recipients: to.map((address) => ({ address })),
          body: '7BIT',
          smtputf8: false,
          requireTls: false,
        },
        origin: { channel: 'smtp', authenticated: 'auth', peer: '127.0.0.1', tls: null },
        blob: message,
        size: bytes.length,
        digest: createHash('sha256').update(bytes).digest('hex'),
        rfcMessageId: '',
        subject: 'hello',
        acceptedAt: world.now,
        decision: null,
      },
      [...to],
    )
    await tx.enqueue([{ queue: 'process', message, lane: '', step: 'process', payload: {}, runAt: 0 }])
  })
  return {
    store,
    world,
    dead: holdDead({ clock, secrets, tenant: () => profile }),
    records,
    async step() {
      const [job] = await claimDue(store.queue, ['process'], 1, 60_000)
      if (!job) throw new Error('no process job is due')
      // Ended in the unit of its effects: the worker has nothing to end.
      expect(await process(job, new AbortController().signal)).toBe('completed')
    },
    states: async () =>
      Object.fromEntries((await records.read.recipients(message)).map(({ address, state }) => [address, state])),
    jobs: (queue: string) => store.jobs().filter((job) => job.queue === queue),
    /** Envelope recipients of every copy that a job sends. */
    async sent() {
      const jobs = store.jobs().filter(({ queue }) => queue === 'deliver')
      return jobs.flatMap(({ payload }) => (payload as { recipients: string[] }).recipients).sort()
    },
  }
}

/** Waits for what the directory says of a recipient. */
const WAITS = '{id: waits, when: {recipient.phoneKnown: true}, then: [{hold: {approvers: [boss@acme.example]}}]}'

it('a mail that is evaluated again for one recipient is not sent again to another that is on the way', async () => {
  const run = await house(rules(WAITS))
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'pending', [LATER]: 'deferred' })
  // The next hop answered 4xx meanwhile.
  await run.records.write((tx) => tx.updateRecipient(message, READY, { state: 'deferred', at: run.world.now }))
  run.world.unknown.clear()
  await run.step()
  expect(await run.sent()).toEqual([LATER, READY])
})

it('a mail that is given up while it waits for one recipient leaves another on his way', async () => {
  const run = await house(rules(WAITS))
  await run.step()
  const [job] = await claimDue(run.store.queue, ['process'], 1, 60_000)
  await run.records.write((tx) => run.dead(tx, job!, 'blob-damaged'))
  expect(await run.states()).toEqual({ [READY]: 'pending', [LATER]: 'held' })
})

it('every copy is archived as sent, that of a later evaluation as well', async () => {
  const run = await house(rules(WAITS, '{id: vault, when: {}, then: [{archive: {store: vault, form: as-sent}}]}'))
  await run.step()
  run.world.unknown.clear()
  await run.step()
  const copies = (await run.records.read.recipients(message)).map(({ copy }) => copy)
  expect(
    run
      .jobs('archive')
      .map(({ payload }) => (payload as { copy: string }).copy)
      .sort(),
  ).toEqual(copies.sort())
})

it('a blind copy goes out once, with the first copy that really leaves', async () => {
  // Nobody has a certificate to sign with: READY is held.
  const sign = `{id: sign, when: {recipient.address: {is: ${READY}}}, then: [{sign: {with: smime}}]}`
  const bcc = '{id: bcc, when: {}, then: [{bcc: {to: [audit@acme.example], form: plain}}]}'
  const run = await house(rules(WAITS, sign, bcc))
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'held', [LATER]: 'deferred' })
  expect(await run.sent()).not.toContain('audit@acme.example')
  run.world.unknown.clear()
  await run.step()
  expect((await run.sent()).filter((address) => address !== 'a@acme.example')).toEqual(['audit@acme.example', LATER])
})

it('whom a person releases while something else is away is decided again once it is back', async () => {
  const sign = `{id: sign, when: {recipient.address: {is: ${READY}}}, then: [{sign: {with: smime}}]}`
  const run = await house(rules(WAITS, sign))
  await run.step()
  run.world.unknown.clear()
  await run.step()
  expect((await run.states())[READY]).toBe('held')
  run.world.unknown.add(READY)
  await run.records.write(async (tx) => {
    await tx.updateRecipient(message, READY, { state: 'pending', at: run.world.now })
    const payload = { releases: [{ address: READY, rules: ['sign'] }] }
    await tx.enqueue([{ queue: 'process', message, lane: '', step: 'release-1', payload, runAt: run.world.now }])
  })
  await run.step()
  expect((await run.states())[READY]).toBe('deferred')
  run.world.unknown.clear()
  await run.step()
  expect((await run.states())[READY]).not.toBe('deferred')
})

it('whom a person drops while his mail is being decided gets none', async () => {
  const run = await house(rules(WAITS), { to: [READY] })
  run.world.meanwhile = async () => {
    await run.records.write((tx) => tx.updateRecipient(message, READY, { state: 'dropped', at: run.world.now }))
  }
  await expect(run.step()).rejects.toThrow('store-unavailable')
  expect(await run.sent()).toEqual([])
})

it('somebody whom only a later evaluation tells is told, and nobody is told twice', async () => {
  const tell = (id: string, when: string, to: string) =>
    `{id: ${id}, when: {${when}}, then: [{notify: {to: [${to}], template: news}}]}`
  const run = await house(
    rules(
      WAITS,
      tell('at-once', '', 'early@acme.example'),
      tell('known', `all: [{recipient.phoneKnown: false}, {recipient.address: {is: ${LATER}}}]`, 'late@acme.example'),
    ),
  )
  await run.step()
  const first = await run.sent()
  expect(first).toContain('early@acme.example')
  run.world.unknown.clear()
  await run.step()
  expect((await run.sent()).filter((address) => /early|late@/.test(address))).toEqual([
    'early@acme.example',
    'late@acme.example',
  ])
})

it('protection by TLS does not leave by a route that verifies nobody', async () => {
  const run = await house(rules('{id: tls, when: {}, then: [{protect: {anyOf: [tls]}}, {route: {via: clear}}]}'), {
    to: [READY],
  })
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'held' })
})

it('whoever signs in and sends with an empty reverse-path meets the rules on outbound mail', async () => {
  const run = await house(
    rules('{id: out, when: {message.direction: outbound}, then: [{hold: {approvers: [boss@acme.example]}}]}'),
    { from: '', to: [READY] },
  )
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'held' })
})

it('the password of a container is not sent to nobody', async () => {
  const run = await house(
    rules('{id: pdf, when: {}, then: [{protect: {anyOf: [pdf], password: {channel: sender}}}]}'),
    { from: '', to: [READY] },
  )
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'held' })
})

it('a mail whose structure cannot be read is quarantined, and its sender hears of it', async () => {
  const levels = Array.from(
    { length: 60 },
    (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
  )
  const run = await house(rules(WAITS), { to: [READY], header: levels.join('') })
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'quarantined' })
  expect(await run.sent()).toEqual(['a@acme.example'])
})

it('a page that cannot be rendered holds its own recipient, not the others', async () => {
  const run = await house(
    rules(
      `{id: pdf, when: {recipient.address: {is: ${READY}}}, then: [{protect: {anyOf: [pdf], password: {channel: sender}}}]}`,
    ),
  )
  run.world.unknown.clear()
  for (let attempt = 1; attempt < 3; attempt++) {
    await expect(run.step()).rejects.toMatchObject({ code: 'render-failed' })
    run.world.now += 120_000
    await run.store.queue.reap(9)
  }
  await run.step()
  expect(await run.states()).toEqual({ [READY]: 'held', [LATER]: 'pending' })
  expect(await run.sent()).toContain(LATER)
})
