import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Envelope,
  type EnvelopeRecipient,
  type Job,
  type MessageId,
  tenantId,
} from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { claimDue } from '../../../test/support/claim.ts'
import { memoryBlobs } from '../../../test/support/memory-blobs.ts'
import { memoryStore } from '../../../test/support/memory-store.ts'
import { type Script, startSmtpServer } from '../../../test/support/smtp-server.ts'
import { messageId, uuidv7 } from '../../platform/ids.ts'
import { createSmtpTransport } from '../../platform/smtp/transport.ts'
import { noMetrics, silentLog } from '../../ports/log.ts'
import type { Route } from '../../ports/transport.ts'
import { createDelivery, type DeliveryDeps } from './deliver.ts'

const tenant = tenantId('acme')
const SPOOL =
  'Received: from x by y; now\r\nSubject: Offer\r\nX-Secflow-Classification: secret\r\nX-Secflow-Protection: pdf;\r\n\tsms="+4915112345678"\r\nBcc: hidden@p.example\r\nMessage-ID: <m1@acme.example>\r\n\r\nThe original body\r\n'
const COPY = 'Subject: Offer\r\n\r\nprotected\r\n'

const SCHEDULE = { pauses: [1_000, 5_000], further: 10_000, giveUpAfter: 60_000, jitter: 0 }

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function setup(
  script: Script = {},
  settings: {
    recipients?: EnvelopeRecipient[]
    envelope?: Partial<Envelope>
    copy?: { mailFrom?: string; recipients?: string[]; owned?: boolean }
    deps?: Partial<DeliveryDeps>
  } = {},
) {
  const server = await startSmtpServer(script)
  const transport = createSmtpTransport({
    name: 'gw.acme.example',
    log: silentLog,
    timeouts: { connectMs: 500, greetingMs: 500, commandMs: 500, dataEndMs: 500 },
  })
  closers.push(server.close, transport.close)
  let now = Date.UTC(2026, 10, 23)
  const store = memoryStore(() => now)
  const blobs = memoryBlobs()
  const route: Route = { name: '', host: '127.0.0.1', port: server.port, tls: 'none', connections: 2 }
  const deps: DeliveryDeps = {
    store,
    blobs,
    transport,
    tenant: () => ({ domains: ['acme.example'], language: 'de', routes: { '': route } }),
    newId: () => uuidv7(now),
    name: 'gw.acme.example',
    clock: { now: () => now },
    log: silentLog,
    metrics: noMetrics,
    schedule: SCHEDULE,
    warnAfter: 5_000,
    ...settings.deps,
  }
  const deliver = createDelivery(deps)
  const recipients = settings.recipients ?? [
    { address: 'a@p.example' },
    { address: 'b@p.example' },
    { address: 'c@p.example' },
  ]
  const id = messageId(now)
  const addresses = settings.copy?.recipients ?? recipients.map(({ address }) => address)
  const put = (kind: 'spool' | 'copy', name: string, text: string) =>
    blobs.put(
      tenant,
      kind,
      name,
      (async function* () {
        yield Buffer.from(text)
      })(),
    )
  await put('spool', id, SPOOL)
  await put('copy', 'copy-1', COPY)
  await store.tenant(tenant).write(async (tx) => {
    await tx.insertMessage(
      {
        id,
        state: 'planned',
        envelope: {
          mailFrom: 'ann@acme.example',
          recipients,
          body: '7BIT',
          smtputf8: false,
          requireTls: false,
          ...settings.envelope,
        },
        origin: {
          channel: 'smtp',
          authenticated: 'auth',
          identity: 'ann',
          peer: '192.0.2.1',
          helo: 'laptop',
          tls: null,
        },
        blob: id,
        size: SPOOL.length,
        digest: '',
        rfcMessageId: 'm1@acme.example',
        subject: 'Offer',
        acceptedAt: now,
        decision: null,
      },
      recipients.map(({ address }) => address),
    )
    await tx.insertCopy({
      id: 'copy-1',
      message: id,
      recipients: addresses,
      steps: [],
      blob: 'copy-1',
      head: null,
      bodyStart: null,
      size: COPY.length,
      route: '',
      mailFrom: settings.copy?.mailFrom ?? 'ann@acme.example',
      createdAt: now,
    })
    if (settings.copy?.owned !== false)
      for (const address of addresses) await tx.updateRecipient(id, address, { copy: 'copy-1', at: now })
    await tx.enqueue([
      {
        queue: 'deliver',
        message: id,
        lane: '',
        step: 'copy-1',
        payload: { copyId: 'copy-1', recipients: addresses },
        runAt: now,
      },
    ])
  })
  return {
    server,
    store,
    blobs,
    deliver,
    id,
    advance: (ms: number) => {
      now += ms
    },
    claim: async () => (await claimDue(store.queue, ['deliver'], 9, 30_000)) as [Job, ...Job[]],
    /** Runs what is due, once each. */
    async round() {
      const jobs = await claimDue(store.queue, ['deliver'], 9, 30_000)
      for (const job of jobs) await deliver(job, new AbortController().signal)
      return jobs.length
    },
    states: async () =>
      Object.fromEntries(
        (await store.tenant(tenant).read.recipients(id as MessageId)).map((r) => [r.address[0], r.state]),
      ),
    audit: async () =>
      (await store.tenant(tenant).read.audit({ limit: 99 })).map((event) =>
        `${event.type} ${String(event.detail.recipient ?? event.detail.to ?? '')}`.trim(),
      ),
    reports: () => server.received.filter(({ mail }) => mail.startsWith('MAIL FROM:<>')),
  }
}

const answerTo =
  (answers: Record<string, string>): Script['answer'] =>
  (_line, { recipient }) =>
    recipient?.endsWith('@p.example') ? answers[recipient[0]!] : undefined

describe('delivery', () => {
  it('delivers, settles everybody with reply, remote and audit, and ends the job', async () => {
    const run = await setup()
    expect(await run.round()).toBe(1)
    expect(run.server.received).toMatchObject([
      { data: COPY, mail: 'MAIL FROM:<ann@acme.example> SIZE=29'.replace(/ SIZE.*/, '') },
    ])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
    expect(run.store.jobs().map((job) => job.state)).toEqual(['done'])
    const [event] = await run.store.tenant(tenant).read.audit({ limit: 1 })
    expect(event).toMatchObject({
      type: 'recipient.delivered',
      detail: {
        recipient: 'a@p.example',
        copy: 'copy-1',
        reply: '250 2.0.0 Ok: queued as 42',
        remote: 'hop.test',
        tls: null,
      },
    })
    expect(await run.round()).toBe(0)
  })

  it('250, 450, 550: one delivered, one tried again alone, one reported', async () => {
    const run = await setup({ answer: answerTo({ b: '450 4.2.1 Busy', c: '550 5.1.1 Unknown' }) })
    await run.round()
    expect(await run.states()).toEqual({ a: 'delivered', b: 'deferred', c: 'failed' })
    run.server.script.answer = () => undefined
    expect(await run.round()).toBe(1) // the report; the retry is not due
    expect(run.reports()).toMatchObject([
      { to: ['ann@acme.example'], rcpt: ['RCPT TO:<ann@acme.example> NOTIFY=NEVER'] },
    ])
    expect(run.reports()[0]!.data).toContain(
      'Final-Recipient: rfc822; c@p.example\r\nAction: failed\r\nStatus: 5.1.1\r\n',
    )
    expect(run.reports()[0]!.data).not.toContain('b@p.example')
    run.advance(999)
    expect(await run.round()).toBe(0)
    run.advance(1)
    expect(await run.round()).toBe(1)
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'failed' })
    expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example'], ['ann@acme.example'], ['b@p.example']])
    expect(run.store.jobs().map(({ step, state }) => [step.replace(/:.*/, ''), state])).toEqual([
      ['copy-1', 'done'],
      ['deliver', 'done'],
      ['copy-1#2', 'done'],
    ])
    expect(await run.audit()).toEqual([
      'recipient.delivered a@p.example',
      'recipient.deferred b@p.example',
      'recipient.failed c@p.example',
      'report.queued ann@acme.example',
      'copy.delivered ann@acme.example',
      'recipient.delivered b@p.example',
    ])
  })

  it.each<[string, Script]>([
    ['nobody listening', { greeting: 'drop' }],
    ['421', { greeting: '421 4.3.2 Closing' }],
    ['452 at MAIL', { answer: (line) => (line.startsWith('MAIL') ? '452 4.3.1 Full' : undefined) }],
    ['a drop in the middle of DATA', { dropAfterBytes: 3 }],
    ['a drop after the dot', { answer: (line) => (line === '.' ? 'drop' : undefined) }],
    ['a hang after the dot', { answer: (line) => (line === '.' ? 'hang' : undefined) }],
  ])('%s: deferred, then delivered', async (_name, script) => {
    const run = await setup(script)
    await run.round()
    expect(await run.states()).toEqual({ a: 'deferred', b: 'deferred', c: 'deferred' })
    expect((await run.store.tenant(tenant).read.recipients(run.id))[0]!.detail).toMatch(/^4\d\d /)
    Object.assign(run.server.script, { greeting: '220 hop.test', answer: undefined, dropAfterBytes: undefined })
    run.advance(1_000)
    await run.round()
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
  })

  it('tells the sender once of a delay, gives up at the end of the schedule, and then reports 4.4.7', async () => {
    const run = await setup(
      { answer: answerTo({ a: '450 4.2.1 Busy' }) },
      { recipients: [{ address: 'a@p.example', orcpt: 'rfc822;list@acme.example' }] },
    )
    for (let round = 0; round < 80; round++) {
      await run.round()
      run.advance(1_000)
    }
    expect(await run.states()).toEqual({ a: 'failed' })
    const [delay, failure, ...rest] = run.reports()
    expect(rest).toEqual([])
    expect(delay!.data).toContain('Action: delayed\r\nStatus: 4.2.1\r\n')
    expect(failure!.data).toContain('Original-Recipient: rfc822; list@acme.example\r\n')
    expect(failure!.data).toContain('Action: failed\r\nStatus: 4.4.7\r\n')
    // Attempts at 0, 1, 6, 16, 26, 36, 46, 56 and, the last, 60 s.
    expect(run.server.lines.filter((line) => line.startsWith('RCPT TO:<a@')).length).toBe(9)
  })

  it('honours NOTIFY: never, and success where the next hop does not take over', async () => {
    const recipients: EnvelopeRecipient[] = [
      { address: 'a@p.example', notify: ['SUCCESS'] },
      { address: 'b@p.example', notify: ['NEVER'] },
      { address: 'c@p.example', notify: ['SUCCESS'] },
    ]
    const answer = answerTo({ b: '550 5.1.1 Unknown', c: '550 5.1.1 Unknown' })
    const plain = await setup({ extensions: [], answer }, { recipients })
    await plain.round()
    await plain.round()
    expect(
      plain
        .reports()
        .map(({ data }) =>
          [...data.matchAll(/Final-Recipient: rfc822; (\S+)\r\nAction: (\S+)/g)].map((m) => `${m[1]} ${m[2]}`),
        ),
    ).toEqual([['a@p.example relayed']])
    const capable = await setup({ extensions: ['DSN'], answer }, { recipients })
    await capable.round()
    expect(await capable.round()).toBe(0)
    expect(capable.server.lines).toContain('RCPT TO:<a@p.example> NOTIFY=SUCCESS')
  })

  it('never reports about a bounce, nor about its own reports', async () => {
    const bounce = await setup(
      { answer: answerTo({ a: '550 5.1.1 Unknown' }) },
      { recipients: [{ address: 'a@p.example' }], envelope: { mailFrom: '' }, copy: { mailFrom: '' } },
    )
    await bounce.round()
    expect(await bounce.states()).toEqual({ a: 'failed' })
    expect(bounce.store.jobs().length).toBe(1)
    const loop = await setup({ answer: (line) => (line.startsWith('RCPT') ? '550 5.1.1 Unknown' : undefined) })
    await loop.round()
    await loop.round()
    expect(loop.store.jobs().map((job) => job.state)).toEqual(['done', 'done'])
    expect((await loop.audit()).slice(-2)).toEqual(['copy.failed ann@acme.example', 'report.suppressed'])
  })

  it('settles nobody by a blind copy to the same address, and tells the sender nothing of it', async () => {
    const run = await setup(
      { answer: answerTo({ a: '550 5.1.1 Unknown' }) },
      { copy: { recipients: ['a@p.example', 'x@archive.example'], owned: false } },
    )
    await run.round()
    expect(run.server.received[0]?.rcpt).toContain('RCPT TO:<x@archive.example> NOTIFY=NEVER')
    expect(await run.states()).toEqual({ a: 'pending', b: 'pending', c: 'pending' })
    expect(await run.audit()).toEqual(['copy.failed a@p.example', 'copy.delivered x@archive.example'])
    expect(run.store.jobs().length).toBe(1)
  })

  it('does not send again to whom the row says delivered, when a job comes back', async () => {
    const run = await setup()
    const [job] = await run.claim()
    await run.store
      .tenant(tenant)
      .write((tx) => tx.updateRecipient(run.id, 'a@p.example', { state: 'delivered', at: 1 }))
    await run.deliver(job, new AbortController().signal)
    expect(run.server.received.map(({ to }) => to)).toEqual([['b@p.example', 'c@p.example']])
  })

  it('records deliveries even when the lease was lost meanwhile, so that the next one spares them', async () => {
    const script: Script = {}
    const run = await setup(script)
    const refusals = answerTo({ b: '450 4.2.1 Busy' })
    let claimed: Promise<Job[]> = Promise.resolve([])
    script.answer = (line, about) => {
      if (line === '.') {
        run.advance(31_000)
        void run.store.queue.reap(9)
        claimed = run.claim()
      }
      return refusals?.(line, about)
    }
    const [job] = await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('lease-lost')
    expect(await run.states()).toEqual({ a: 'delivered', b: 'pending', c: 'delivered' })
    run.server.script.answer = () => undefined
    const [second] = await claimed
    await run.deliver(second!, new AbortController().signal)
    expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example', 'c@p.example'], ['b@p.example']])
  })

  it.each(['store-unavailable', 'store-in-doubt', 'disk-full'] as const)(
    'waits for a store that says %s with what it knows: nobody gets the mail twice, the sender one report',
    async (code) => {
      const run = await setup({ answer: answerTo({ c: '550 5.1.1 Unknown' }) })
      const [job] = await run.claim()
      run.store.failCommit(new Fault(code))
      await run.deliver(job, new AbortController().signal)
      expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'failed' })
      await run.round()
      expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example', 'b@p.example'], ['ann@acme.example']])
    },
  )

  /** A process that has to stop while its store is away. */
  async function stopped(code: 'store-unavailable' | 'store-in-doubt') {
    const stop = new AbortController()
    const refused = answerTo({ c: '550 5.1.1 Unknown' })
    const run = await setup({
      answer(line, about) {
        if (line === '.') stop.abort()
        return refused?.(line, about)
      },
    })
    const [job] = await run.claim()
    run.store.failCommit(new Fault(code))
    await expect(run.deliver(job, stop.signal)).rejects.toThrow(code)
    return run
  }

  it('leaves no report behind when the transaction fails, and knows who has the mail', async () => {
    const run = await stopped('store-unavailable')
    expect(await Array.fromAsync(run.blobs.list(tenant, 'copy'))).toEqual(['copy-1'])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'pending' })
  })

  it('keeps a report whose rows may stand although the answer to the commit was lost', async () => {
    const run = await stopped('store-in-doubt')
    expect(await Array.fromAsync(run.blobs.list(tenant, 'copy'))).toHaveLength(2)
  })

  it('sends to nobody twice because there is no room for the report about another', async () => {
    const run = await setup({ answer: answerTo({ c: '550 5.1.1 Unknown' }) })
    const { put } = run.blobs
    run.blobs.put = () => Promise.reject(new Fault('disk-full'))
    const [job] = await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('disk-full')
    run.blobs.put = put
    await run.deliver(job, new AbortController().signal)
    expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example', 'b@p.example']])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'failed' })
    expect(await run.audit()).toContain('report.queued ann@acme.example')
  })

  it('raises what only an operator can mend', async () => {
    const unrouted = await setup(
      {},
      { deps: { tenant: () => ({ domains: ['acme.example'], language: 'en', routes: {} }) } },
    )
    await expect(unrouted.deliver((await unrouted.claim())[0], new AbortController().signal)).rejects.toThrow(
      'route-unknown',
    )
    const gone = await setup()
    await gone.blobs.delete(tenant, 'copy', 'copy-1')
    await expect(gone.deliver((await gone.claim())[0], new AbortController().signal)).rejects.toThrow('blob-missing')
  })
})

describe('the final dot', () => {
  const afterDot = (what: 'drop' | 'hang'): Script => ({ answer: (line) => (line === '.' ? what : undefined) })
  const uncertain = async (run: Awaited<ReturnType<typeof setup>>) =>
    (await run.store.tenant(tenant).read.audit({ limit: 99 }))
      .filter(({ type }) => type === 'copy.uncertain')
      .map(({ detail }) => detail)
  const everybody = ['a@p.example', 'b@p.example', 'c@p.example']

  it('is marked on the job before it goes out, and not when nothing was sent', async () => {
    const dots: number[] = []
    const script: Script = {}
    const run = await setup(script)
    script.answer = (line) => {
      if (line === '.') dots.push(run.store.jobs()[0]!.dots)
      return undefined
    }
    await run.round()
    expect(dots).toEqual([1])
    const refused = await setup({ answer: (line) => (line.startsWith('MAIL') ? '452 4.3.1 Full' : undefined) })
    await refused.round()
    expect(refused.store.jobs()[0]!.dots).toBe(0)
  })

  it('does not go out for a job that somebody else has now', async () => {
    const run = await setup()
    const [job] = await run.claim()
    run.advance(31_000)
    await run.store.queue.reap(9)
    await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('lease-lost')
    expect(run.server.received).toEqual([])
  })

  it('a crash after it: sent once more and audited as uncertain', async () => {
    const run = await setup()
    const [crashed] = await run.claim()
    await run.store.queue.beginDot(crashed)
    run.advance(31_000)
    await run.store.queue.reap(9)
    await run.round()
    expect(run.server.received).toHaveLength(1)
    expect(await uncertain(run)).toMatchObject([
      { recipients: everybody, why: 'crash', times: 1, rfcMessageId: 'm1@acme.example' },
    ])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
  })

  it('a second crash after it: nobody sends it a third time', async () => {
    const run = await setup()
    for (let crash = 0; crash < 2; crash++) {
      await run.store.queue.beginDot((await run.claim())[0])
      run.advance(31_000)
      await run.store.queue.reap(9)
    }
    const [job] = await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('delivery-uncertain')
    expect(run.server.received).toEqual([])
    expect(await uncertain(run)).toMatchObject([{ recipients: everybody, why: 'crash', times: 2 }])
  })

  it.each(['drop', 'hang'] as const)('a %s instead of a reply: one retry, then a person decides', async (what) => {
    const run = await setup(afterDot(what))
    await run.round()
    expect(await uncertain(run)).toMatchObject([{ recipients: everybody, why: 'no-reply', times: 1 }])
    run.advance(1_000)
    await run.round()
    expect(await uncertain(run)).toHaveLength(2)
    const sent = run.server.lines.filter((line) => line.startsWith('MAIL')).length
    const [third] = await run.claim()
    await expect(run.deliver(third, new AbortController().signal)).rejects.toThrow('delivery-uncertain')
    expect(run.server.lines.filter((line) => line.startsWith('MAIL')).length).toBe(sent)
  })

  it('who was refused is settled, and only the others are in doubt', async () => {
    const run = await setup({
      answer(line, { recipient }) {
        if (line === '.') return 'drop'
        return recipient === 'c@p.example' ? '550 5.1.1 Unknown' : undefined
      },
    })
    await run.round()
    expect(await run.states()).toEqual({ a: 'deferred', b: 'deferred', c: 'failed' })
    expect(await uncertain(run)).toMatchObject([{ recipients: ['a@p.example', 'b@p.example'], why: 'no-reply' }])
  })

  it('refusals in between are no doubt: the schedule goes on', async () => {
    const script = afterDot('drop')
    const run = await setup(script)
    await run.round()
    for (const [reply, pause] of [
      ['451 4.3.0 Later', 1_000],
      ['451 4.3.0 Later', 5_000],
      [undefined, 10_000],
    ] as const) {
      script.answer = (line) => (line.startsWith('RCPT') ? reply : undefined)
      run.advance(pause)
      await run.round()
    }
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
    expect(await uncertain(run)).toHaveLength(1)
  })
})

describe('a closed lane', () => {
  const look = async (run: Awaited<ReturnType<typeof setup>>) => {
    for (const job of await run.claim()) await run.deliver(job, new AbortController().signal, { connect: false })
  }

  it('is asked nothing: no attempt is counted, and nobody is told before it is time', async () => {
    const run = await setup({}, { deps: { schedule: { ...SCHEDULE, giveUpAfter: 10_000_000 }, warnAfter: 9_000_000 } })
    await look(run)
    expect(run.server.lines).toEqual([])
    expect(await run.audit()).toEqual([])
    expect(run.store.jobs().at(-1)).toMatchObject({ state: 'ready', payload: { attempt: 1, turn: 2 } })
    run.advance(7_200_000)
    await run.round()
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
  })

  it('keeps nobody from hearing of a delay, nor of the end', async () => {
    const run = await setup({}, { deps: { schedule: { ...SCHEDULE, giveUpAfter: 7_200_000 } } })
    run.advance(6_000)
    await look(run)
    await run.round()
    expect(run.reports()[0]!.data).toContain('Action: delayed\r\nStatus: 4.4.1\r\n')
    expect(run.reports()[0]!.data).toContain('Will-Retry-Until: Mon, 23 Nov 2026 02:00:00 +0000\r\n')
    run.advance(7_200_000)
    await look(run)
    expect(await run.states()).toEqual({ a: 'failed', b: 'failed', c: 'failed' })
  })

  it('opens for mail whose next hop is there, and is told of one that is not', async () => {
    const gone = await setup({ greeting: 'drop' })
    expect(await gone.deliver((await gone.claim())[0], new AbortController().signal)).toBe('unreachable')
    const busy = await setup({ answer: (line) => (line.startsWith('RCPT') ? '450 4.2.1 Busy' : undefined) })
    expect(await busy.deliver((await busy.claim())[0], new AbortController().signal)).toBe('completed')
  })
})

describe('the report', () => {
  it('is a multipart/report that a foreign parser understands, without private headers and body', async () => {
    const run = await setup(
      { answer: answerTo({ c: '550-5.1.1 Unkn\u00f6wn\r\n550 5.1.1 user' }) },
      { envelope: { envid: 'E1' } },
    )
    await run.round()
    run.server.script.answer = () => undefined
    await run.round()
    const { data } = run.reports()[0]!
    expect(data).not.toMatch(/x-secflow|\+4915112345678|hidden@|original body/i)
    const parsed = JSON.parse(
      execFileSync('python3', ['-c', PARSE], { input: Buffer.from(data, 'latin1') }).toString(),
    ) as Record<string, unknown>
    expect(parsed).toMatchObject({
      type: 'multipart/report',
      report: 'delivery-status',
      parts: ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
      defects: 0,
      from: 'Mail Delivery System <postmaster@acme.example>',
      to: 'ann@acme.example',
      reference: '<m1@acme.example>',
      auto: 'auto-replied',
      blocks: [
        {
          'Original-Envelope-Id': 'E1',
          'Reporting-MTA': 'dns; gw.acme.example',
          'Received-From-MTA': 'dns; laptop',
          'Arrival-Date': 'Mon, 23 Nov 2026 00:00:00 +0000',
        },
        {
          'Final-Recipient': 'rfc822; c@p.example',
          Action: 'failed',
          Status: '5.1.1',
          'Remote-MTA': 'dns; hop.test',
          'Last-Attempt-Date': 'Mon, 23 Nov 2026 00:00:00 +0000',
        },
      ],
    })
    expect(String(parsed.text)).toContain('konnte diesen Empfängern nicht zugestellt werden')
    expect(String(parsed.text)).toContain('could not be delivered to these recipients')
    expect(String(parsed.headers)).toBe(
      'Received: from x by y; now\r\nSubject: Offer\r\nMessage-ID: <m1@acme.example>\r\n',
    )
  })

  it('returns the whole message for RET=FULL, private headers apart, up to the cap', async () => {
    const run = await setup({ answer: answerTo({ a: '550 5.1.1 Unknown' }) }, { envelope: { ret: 'FULL' } })
    await run.round()
    run.server.script.answer = () => undefined
    await run.round()
    expect(run.reports()[0]!.data).toContain('Content-Type: message/rfc822')
    expect(run.reports()[0]!.data).toContain(
      'Subject: Offer\r\nMessage-ID: <m1@acme.example>\r\n\r\nThe original body\r\n',
    )
    expect(run.reports()[0]!.data).not.toMatch(/x-secflow/i)
  })
})

/** Python's e-mail package as the second opinion: strict, and by other people. */
const PARSE = `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = list(m.iter_parts())
print(json.dumps({
  'type': m.get_content_type(), 'report': m.get_param('report-type'), 'parts': [p.get_content_type() for p in parts],
  'defects': sum(len(p.defects) for p in m.walk()) + len(m.defects),
  'from': str(m['From']), 'to': str(m['To']), 'reference': str(m['References']), 'auto': str(m['Auto-Submitted']),
  'text': parts[0].get_content(), 'headers': parts[2].get_content(),
  'blocks': [dict((k, str(v)) for k, v in b.items() if k != 'Diagnostic-Code') for b in parts[1].get_payload()],
}))
`
