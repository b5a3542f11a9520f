import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Decision, Job, JobSpec, MessageId, Origin, RecipientState } from '../../shared/domain/index.ts'
import { person } from '../../test/contract/store-records.ts'
import { type CLIENTS, type TestHouse, tenant, testHouse } from '../../test/support/http-services.ts'
import type { LaneView } from '../journey/lanes.ts'
import { type App, createHttpApp } from './app.ts'

let house: TestHouse
let app: App
let lanes: readonly LaneView[] = []
beforeEach(async () => {
  lanes = []
  house = await testHouse({ lanes: () => lanes })
  app = await createHttpApp(house.services)
})
afterEach(async () => {
  await app.close()
  await house[Symbol.asyncDispose]()
})

async function call(client: keyof typeof CLIENTS, method: 'GET' | 'POST', url: string, payload?: object) {
  const token = await app.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `grant_type=client_credentials&client_id=${client}&client_secret=right`,
  })
  return app.inject({
    method,
    url: `/api/v1/queue${url}`,
    headers: { authorization: `Bearer ${token.json().access_token}` },
    ...(payload === undefined ? {} : { payload }),
  })
}
const store = () => house.services.store.tenant(tenant)
const TO = ['praxis@partner.example', 'labor@partner.example']

/** An accepted mail to two recipients with a copy and its deliver job. */
async function mail(patch: Partial<JobSpec> = {}, from = 'anna@klinik.example') {
  const { id } = await house.services.accept({
    tenant,
    envelope: {
      mailFrom: from,
      recipients: TO.map((address) => ({ address })),
      body: '7BIT',
      smtputf8: false,
      requireTls: false,
    },
    origin: { channel: 'smtp', authenticated: 'auth', identity: 'anna', peer: '127.0.0.1', tls: null },
    content: (async function* () {
      yield Buffer.from('Subject: Befund\r\n\r\nText\r\n')
    })(),
  } as Parameters<typeof house.services.accept>[0])
  const copy = `copy-${id}`
  await store().write(async (tx) => {
    await tx.insertCopy({
      id: copy,
      message: id,
      recipients: TO,
      steps: [],
      blob: copy,
      size: 1,
      head: null,
      bodyStart: null,
      route: '',
      mailFrom: from,
      createdAt: Date.now(),
    })
    for (const address of TO) await tx.updateRecipient(id, address, { copy, at: 1 })
    await tx.enqueue([
      {
        queue: 'deliver',
        message: id,
        lane: 'exchange',
        step: copy,
        payload: { copyId: copy, recipients: TO },
        runAt: Date.now() + 9_000,
        ...patch,
      },
    ])
  })
  const jobs = await store().read.jobs({ message: id, queue: 'deliver', limit: 9 })
  return { id, job: jobs[0]!.id }
}
const states = async (id: MessageId) => (await store().read.recipients(id)).map(({ state }) => state)
const reason = 'asked for by the ward'

const ANNA = { authenticated: 'auth', identity: 'anna' } as const

/** A mail whose recipients the policy holds. */
async function held(approvers: readonly string[] = [], state: RecipientState = 'held', from: Partial<Origin> = ANNA) {
  const { id } = await mail()
  const decision = {
    decisionId: 'd',
    revision: 'r',
    copies: [],
    once: [],
    recipients: TO.map((address) => ({
      address,
      outcome: 'hold',
      approvers,
      method: null,
      steps: [],
      reasons: [{ rule: 'four-eyes', layer: 'tenant', text: { de: '', en: '' } }],
      missing: [],
      simulated: [],
    })),
  } as unknown as Decision
  const { id: other } = await house.services.accept({
    tenant,
    envelope: {
      mailFrom: 'anna@klinik.example',
      recipients: TO.map((address) => ({ address })),
      body: '7BIT',
      smtputf8: false,
      requireTls: false,
    },
    origin: { channel: 'smtp', authenticated: 'none', peer: '127.0.0.1', tls: null, ...from },
    content: (async function* () {
      yield Buffer.from(`Subject: held after ${id}\r\n\r\nText\r\n`)
    })(),
  } as Parameters<typeof house.services.accept>[0])
  await store().write(async (tx) => {
    await tx.updateMessage(other, { decision, state: 'planned' })
    for (const address of TO) await tx.updateRecipient(other, address, { state, detail: 'four eyes', at: 5 })
  })
  return other
}

describe('looking', () => {
  it('lists jobs with filters, never their payload, and pages through them', async () => {
    const { id, job } = await mail()
    await mail({ lane: 'other' })
    const all = (await call('auditor', 'GET', '?queue=deliver')).json().jobs
    expect(all).toHaveLength(2)
    expect((await call('auditor', 'GET', '?lane=exchange')).json().jobs).toMatchObject([
      { id: job, queue: 'deliver', state: 'ready', message: id, recipients: TO, attempts: 0, uncertain: 0 },
    ])
    expect(all[0]).not.toHaveProperty('payload')
    expect((await call('auditor', 'GET', `?queue=deliver&limit=1&after=${all[0].id}`)).json().jobs).toMatchObject([
      { lane: 'other' },
    ])
    expect((await call('auditor', 'GET', '?state=dead')).json().jobs).toEqual([])
    expect((await call('auditor', 'GET', `?queue=deliver&message=${id}`)).json().jobs).toHaveLength(1)
    expect((await call('auditor', 'GET', '?queue=deliver&olderThan=60')).json().jobs).toEqual([])
    house.advance(61_000)
    expect((await call('auditor', 'GET', '?queue=deliver&olderThan=60')).json().jobs).toHaveLength(2)
    expect((await call('auditor', 'GET', `/jobs/${job}`)).json()).toMatchObject({ id: job })
  })

  it('shows each lane with what waits in it and whether its next hop is left alone', async () => {
    await mail()
    lanes = [{ queue: 'deliver', tenant, lane: 'exchange', running: 0, breaker: 'open', failures: 5, opensIn: 30_000 }]
    const found = (await call('auditor', 'GET', '/lanes')).json().lanes
    expect(found.find(({ lane }: { lane: string }) => lane === 'exchange')).toMatchObject({
      ready: 1,
      dead: 0,
      breaker: 'open',
      opensAt: expect.stringMatching(/^20/),
    })
  })

  it.each<[keyof typeof CLIENTS, string]>([
    ['anna', ''],
    ['reader', '/lanes'],
    ['erp', '/waiting'],
  ])('is not for everybody (%s)', async (client, url) => {
    expect((await call(client, 'GET', url)).statusCode).toBe(403)
  })

  it('shows nothing of another tenant', async () => {
    const { job } = await mail()
    expect((await call('stranger', 'GET', '?queue=deliver')).json().jobs).toEqual([])
    expect((await call('stranger', 'GET', `/jobs/${job}`)).statusCode).toBe(404)
    expect((await call('stranger', 'POST', `/jobs/${job}/drop`, { reason })).statusCode).toBe(404)
  })
})

describe('acting on a job', () => {
  const act = (job: string, action: string, body: object = { reason }) =>
    call('helpdesk', 'POST', `/jobs/${job}/${action}`, body)

  it('holds, releases, retries, each audited with who, as what and why', async () => {
    const { job } = await mail()
    expect((await act(job, 'hold')).json()).toMatchObject({ state: 'held', nextTry: null })
    expect((await act(job, 'hold')).json()).toMatchObject({ code: 'job-state' })
    expect((await act(job, 'release')).json()).toMatchObject({ state: 'ready' })
    const before = (await call('auditor', 'GET', `/jobs/${job}`)).json().nextTry
    expect((await act(job, 'retry')).json().nextTry < before).toBe(true)
    for (const type of ['job.held', 'job.released', 'job.retried'])
      expect(await house.events(type)).toMatchObject([{ job, lane: 'exchange', reason, roles: ['helpdesk'] }])
  })

  it('drops: the recipients end with the reason, the sender gets a report, and nothing is sent', async () => {
    const { id, job } = await mail()
    expect((await act(job, 'drop')).json()).toMatchObject({ state: 'done' })
    expect(await states(id)).toEqual(['dropped', 'dropped'])
    expect((await store().read.recipients(id))[0]!.detail).toBe(reason)
    const copies = await store().read.copies(id)
    expect(copies.filter(({ mailFrom }) => mailFrom === '')).toMatchObject([{ recipients: ['anna@klinik.example'] }])
    expect(await house.events('recipient.dropped')).toMatchObject(
      TO.map((recipient) => ({ recipient, reason, told: true })),
    )
    expect(await house.events('report.queued')).toHaveLength(1)
  })

  it('drops nobody whom the policy holds with the job of another', async () => {
    const id = await held()
    await store().write((tx) => tx.updateRecipient(id, TO[0]!, { state: 'deferred', at: 6 }))
    const [job] = await store().read.jobs({ message: id, queue: 'process', limit: 1 })
    expect((await act(job!.id, 'drop')).statusCode).toBe(200)
    expect(await states(id)).toEqual(['dropped', 'held'])
  })

  it('drops without a word where that is asked for', async () => {
    const { id, job } = await mail()
    await act(job, 'drop', { reason, report: false })
    expect(await states(id)).toEqual(['dropped', 'dropped'])
    expect(await house.events('report.queued')).toEqual([])
  })

  it('never takes a job out of the hands of its worker', async () => {
    const { job, id } = await mail({ runAt: 1 })
    const [leased] = (await house.services.store.queue.claim(
      [{ queue: 'deliver', tenant, lane: 'exchange', limit: 1 }],
      60_000,
    )) as [Job]
    for (const action of ['hold', 'release', 'retry', 'drop']) {
      const answer = await act(job, action)
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'job-running'])
    }
    expect(await states(id)).toEqual(['pending', 'pending'])
    await house.services.store.queue.complete(leased)
    expect((await act(job, 'drop')).json()).toMatchObject({ code: 'job-state' })
  })

  it('a worker finds nothing of what is held or dropped', async () => {
    const one = await mail({ runAt: 1 })
    const two = await mail({ runAt: 1 })
    await act(one.job, 'hold')
    await act(two.job, 'drop')
    expect(
      await house.services.store.queue.claim([{ queue: 'deliver', tenant, lane: 'exchange', limit: 9 }], 1),
    ).toEqual([])
  })

  it('gives a dead job another chance, with its recipients, though it may have arrived', async () => {
    const { id, job } = await mail({ runAt: 1 })
    const [leased] = (await house.services.store.queue.claim(
      [{ queue: 'deliver', tenant, lane: 'exchange', limit: 1 }],
      60_000,
    )) as [Job]
    await house.services.store.queue.beginDot(leased)
    await house.services.store.queue.bury(leased, 'delivery-uncertain', async (tx) => {
      for (const address of TO)
        await tx.updateRecipient(id, address, {
          state: 'held',
          detail: 'the job "deliver" was given up: delivery-uncertain',
          at: 2,
        })
    })
    expect((await call('auditor', 'GET', '?state=dead')).json().jobs).toMatchObject([{ id: job, uncertain: 1 }])
    expect((await act(job, 'retry')).json()).toMatchObject({ state: 'ready', attempts: 0, uncertain: 0 })
    expect(await states(id)).toEqual(['deferred', 'deferred'])
  })

  it.each<[keyof typeof CLIENTS, number]>([
    ['auditor', 403],
    ['anna', 403],
    ['approver', 403],
  ])('is not for %s', async (client, status) => {
    const { job } = await mail()
    expect((await call(client, 'POST', `/jobs/${job}/drop`, { reason })).statusCode).toBe(status)
  })

  it('wants a reason, a job that is there and an action that exists', async () => {
    const { job } = await mail()
    expect((await act(job, 'drop', {})).statusCode).toBe(400)
    expect((await act(job, 'drop', { reason: '  ' })).statusCode).toBe(400)
    expect((await act('01a20000-0000-7000-8000-000000000009', 'drop')).statusCode).toBe(404)
    expect((await act(job, 'burn')).statusCode).toBe(400)
  })
})

describe('recipients that wait for a person', () => {
  it('are shown with who may release them', async () => {
    const id = await held(['chief@klinik.example'])
    expect((await call('auditor', 'GET', '/waiting')).json().recipients).toMatchObject(
      TO.map((address) => ({
        message: id,
        address,
        state: 'held',
        why: 'four eyes',
        approvers: ['chief@klinik.example'],
      })),
    )
  })

  it('are decided again when they are released, with the rules that held them satisfied', async () => {
    const id = await held()
    const answer = await call('helpdesk', 'POST', `/messages/${id}/release`, { reason, recipients: [TO[1]] })
    expect(answer.json()).toEqual({ recipients: [TO[1]] })
    expect(await states(id)).toEqual(['held', 'pending'])
    const jobs = await store().read.jobs({ message: id, queue: 'process', limit: 9 })
    expect(jobs.at(-1)!.payload).toEqual({ releases: [{ address: TO[1], rules: ['four-eyes'] }] })
    expect(await house.events('recipient.released')).toMatchObject([
      { recipient: TO[1], rules: ['four-eyes'], reason, was: 'held' },
    ])
  })

  it('are released by those whom the policy names, and by nobody else', async () => {
    const byAddress = await held(['ben@klinik.example'])
    const byRole = await held(['policy-approver'])
    const release = (client: keyof typeof CLIENTS, id: string) =>
      call(client, 'POST', `/messages/${id}/release`, { reason })
    expect((await release('helpdesk', byAddress)).statusCode).toBe(403)
    expect((await release('anna', byAddress)).statusCode).toBe(403)
    expect((await release('auditor', byRole)).statusCode).toBe(403)
    expect((await release('ben', byAddress)).statusCode).toBe(200)
    expect((await release('approver', byRole)).statusCode).toBe(200)
    expect((await release('ben', byAddress)).json()).toMatchObject({ code: 'job-state' })
  })

  it('are released by whom the policy names in another spelling of the address', async () => {
    const id = await held(['"Ben"@KLINIK.example'])
    expect((await call('helpdesk', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(403)
    expect((await call('ben', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(200)
  })

  it('are never released by their own sender', async () => {
    const id = await held(['anna@klinik.example'])
    expect((await call('anna', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(403)
  })

  it('of a stranger are released by a client without an address: neither of them is the other', async () => {
    const id = await held(['policy-approver'], 'quarantined', { authenticated: 'none' })
    expect((await call('approver', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(200)
  })

  it('are never released by the client that handed them in, nor in another spelling of an address', async () => {
    const handed = await held(['policy-approver'], 'held', { authenticated: 'token', identity: 'approver' })
    expect((await call('approver', 'POST', `/messages/${handed}/release`, { reason })).statusCode).toBe(403)
    const id = await held(['ben@klinik.example'])
    const also = { ...person('ben@klinik.example', ''), sendsAs: ['"anna"@KLINIK.example'] }
    await store().write((tx) => tx.putPerson(also))
    expect((await call('ben', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(403)
  })

  it('are never released by somebody who sends as their sender, too: the mail may be his', async () => {
    const id = await held(['ben@klinik.example'])
    const also = { ...person('ben@klinik.example', ''), sendsAs: ['Anna@klinik.example'] }
    await store().write((tx) => tx.putPerson(also))
    expect((await call('ben', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(403)
    await store().write((tx) => tx.putPerson({ ...also, sendsAs: [] }))
    expect((await call('ben', 'POST', `/messages/${id}/release`, { reason })).statusCode).toBe(200)
  })

  it('are dropped with a report to the sender', async () => {
    const id = await held([], 'quarantined')
    expect((await call('helpdesk', 'POST', `/messages/${id}/drop`, { reason })).json()).toEqual({ recipients: TO })
    expect(await states(id)).toEqual(['dropped', 'dropped'])
    expect(await house.events('report.queued')).toHaveLength(1)
  })

  it('exist: an unknown message is not found', async () => {
    expect(
      (await call('helpdesk', 'POST', '/messages/01a20000-0000-7000-8000-000000000009/release', { reason })).statusCode,
    ).toBe(404)
  })
})
