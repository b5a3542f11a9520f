import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MessageId } from '../../shared/domain/index.ts'
import { type BundleSigner, buildBundle, type PolicyFile } from '../../shared/policy/index.ts'
import {
  type CLIENTS,
  policySigner,
  startPolicy,
  type TestHouse,
  tenant,
  testHouse,
} from '../../test/support/http-services.ts'
import { mail, ruleSet, rules } from '../../test/support/policy.ts'
import { bundleSigner } from '../policies/bundle-sign.ts'
import { type App, createHttpApp } from './app.ts'

let house: TestHouse
let app: App
beforeEach(async () => {
  house = await testHouse()
  app = await createHttpApp(house.services)
})
afterEach(async () => {
  await app.close()
  await house[Symbol.asyncDispose]()
})

const open = ruleSet(rules('{id: open, when: {message.subject: secret}, then: [receipt]}'))
const bundleOf = (serial: number, signer: BundleSigner | null = policySigner, file: PolicyFile = open) =>
  buildBundle([file], { serial, createdAt: '2026-03-02T10:00:00Z', signer }).text!

async function call(
  client: keyof typeof CLIENTS,
  method: 'GET' | 'POST',
  url: string,
  payload?: string | object,
  headers: Record<string, string> = {},
) {
  const token = await app.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `grant_type=client_credentials&client_id=${client}&client_secret=right`,
  })
  const authorization = `Bearer ${token.json().access_token}`
  return app.inject({
    method,
    url,
    headers: { authorization, ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
}
const list = async () => (await call('reader', 'GET', '/api/v1/policies')).json()

describe('applying a bundle', () => {
  it('puts it in force, durably and audited', async () => {
    expect(await list()).toMatchObject({ active: { serial: null }, versions: [] })
    const response = await call('approver', 'POST', '/api/v1/policies', { bundle: bundleOf(3), note: 'why' })
    expect(response.statusCode).toBe(201)
    expect(response.headers.location).toBe('/api/v1/policies/3')
    const version = { serial: 3, author: 'editor@klinik.example', appliedBy: 'approver', note: 'why' }
    expect(response.json()).toMatchObject({ ...version, diagnostics: [] })
    const { active, versions } = await list()
    expect(active).toEqual({ serial: 3, revision: response.json().revision, stale: false })
    expect(versions).toMatchObject([version])
    expect(house.services.policies.active(tenant).rules.map(({ id }) => id)).toEqual(['open'])
    expect((await call('reader', 'GET', '/api/v1/policies/3')).json()).toMatchObject({
      ...version,
      bundle: bundleOf(3),
    })
    expect((await call('reader', 'GET', '/api/v1/policies/4')).statusCode).toBe(404)
    expect(await house.events('policy.applied')).toMatchObject([
      { serial: 3, author: 'editor@klinik.example', note: 'why' },
    ])
  })

  const stranger = bundleSigner(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  it.each([
    ['unsigned', bundleOf(9, null), 'bundle-unsigned'],
    ['signed by a stranger', bundleOf(9, stranger), 'bundle-key'],
    ['with an equal serial', bundleOf(3), 'bundle-serial'],
    ['with a lower serial', bundleOf(2), 'bundle-serial'],
    ['damaged', bundleOf(9).replace('"sig":"', '"sig":"AAAA'), 'bundle-signature'],
    ['that is none', 'x', 'bundle-damaged'],
  ])('refuses one %s; the active policy stays', async (_what, bundle, code) => {
    await call('approver', 'POST', '/api/v1/policies', { bundle: bundleOf(3) })
    const before = await list()
    const response = await call('approver', 'POST', '/api/v1/policies', { bundle }, { 'accept-language': 'de' })
    expect(response.statusCode).toBe(422)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.json()).toMatchObject({
      type: 'urn:secflow:fault:bundle-refused',
      diagnostics: [{ code, severity: 'error', file: 'bundle', line: 1, column: 1 }],
    })
    expect(await list()).toEqual(before)
    expect(await house.events('policy.refused')).toMatchObject([{ why: 'bundle-refused', codes: [code] }])
  })

  it('wants somebody else than the author', async () => {
    const response = await call('editor', 'POST', '/api/v1/policies', { bundle: bundleOf(1) })
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'second-person-needed' })
    expect((await list()).versions).toEqual([])
    expect(await house.events('policy.refused')).toMatchObject([{ why: 'second-person-needed', serial: 1 }])
  })

  it('wants the scope', async () => {
    for (const client of ['reader', 'auditor', 'anna', 'erp'] as const)
      expect((await call(client, 'POST', '/api/v1/policies', { bundle: bundleOf(1) })).statusCode).toBe(403)
    expect((await call('anna', 'GET', '/api/v1/policies')).statusCode).toBe(403)
  })

  it('goes back to a version that was in force, and to no other', async () => {
    await call('approver', 'POST', '/api/v1/policies', { bundle: bundleOf(3) })
    await call('approver', 'POST', '/api/v1/policies', {
      bundle: bundleOf(4, policySigner, ruleSet(rules('{id: shut, then: [{reject: {text: no}}]}'))),
    })
    const back = await call('approver', 'POST', '/api/v1/policies/rollback', { serial: 3, note: 'too strict' })
    expect(back.statusCode).toBe(201)
    const { serial } = back.json()
    expect(back.json()).toMatchObject({ rollbackTo: 3, author: 'editor@klinik.example', appliedBy: 'approver' })
    expect(house.services.policies.active(tenant).rules.map(({ id }) => id)).toEqual(['open'])
    expect((await list()).versions).toMatchObject([{ serial, rollbackTo: 3 }, { rollbackTo: null }, { serial: 3 }])
    expect((await call('reader', 'GET', `/api/v1/policies/${serial}`)).json().bundle).toBe(bundleOf(3))
    expect(await house.events('policy.rolled-back')).toMatchObject([{ serial, rollbackTo: 3, note: 'too strict' }])
    expect((await call('approver', 'POST', '/api/v1/policies/rollback', { serial: 99 })).statusCode).toBe(404)
    expect((await call('editor', 'POST', '/api/v1/policies/rollback', { serial: 3 })).statusCode).toBe(403)
    expect((await call('reader', 'POST', '/api/v1/policies/rollback', { serial: 3 })).statusCode).toBe(403)
  })

  it('of two at once with one serial takes one', async () => {
    const answers = await Promise.all(
      [1, 2, 3].map(() => call('approver', 'POST', '/api/v1/policies', { bundle: bundleOf(5) })),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 422, 422])
  })
})

describe('looking at a change', () => {
  const input = (at: number, subject: string) => ({
    message: `0000000${at}-0000-7000-8000-000000000000` as MessageId,
    at: house.services.clock.now() - at * 86_400_000,
    input: mail({ message: { subject } }),
    redacted: false,
    rules: subject === 'secret' ? ['start'] : [],
  })
  it('replays it on past mail', async () => {
    await house.services.store.tenant(tenant).write(async (tx) => {
      for (const one of [input(1, 'secret'), input(2, 'hello'), input(40, 'secret')]) await tx.putDecisionInput(one)
    })
    const replay = (body: object) => call('reader', 'POST', '/api/v1/policies/replay', body)
    const report = await replay({ files: [open], since: '30d' })
    expect(report.statusCode).toBe(200)
    expect(report.json()).toMatchObject({
      total: 2,
      changed: 1,
      gates: { rejectToDeliver: { recipients: 1, examples: [input(1, '').message] } },
      changes: { added: ['open'], removed: ['start'] },
    })
    expect((await replay({ bundle: bundleOf(1, null), since: '60d' })).json()).toMatchObject({ total: 3, changed: 2 })
    expect((await replay({ files: [startPolicy] })).json()).toMatchObject({ total: 2, changed: 0 })
    const broken = await replay({ files: [{ name: 'a.yaml', text: 'kind: [' }] })
    expect(broken.statusCode).toBe(422)
    expect(broken.json()).toMatchObject({
      code: 'policy-invalid',
      diagnostics: [{ code: 'yaml-syntax', file: 'a.yaml' }],
    })
    expect((await replay({})).statusCode).toBe(400)
    expect((await replay({ files: [open], bundle: 'x' })).statusCode).toBe(400)
    expect((await replay({ files: [open], since: 'ever' })).statusCode).toBe(400)
  })
  it('says what differs', async () => {
    const { changes, after } = (await call('reader', 'POST', '/api/v1/policies/diff', { files: [open] })).json()
    expect(changes).toMatchObject([
      { kind: 'rule', id: 'open', what: 'added' },
      { kind: 'rule', id: 'start', what: 'removed' },
    ])
    expect(after).toHaveLength(64)
    const same = (await call('reader', 'POST', '/api/v1/policies/diff', { files: [startPolicy] })).json()
    expect(same).toMatchObject({ before: same.after, changes: [] })
  })
})

describe('a simulation', () => {
  const draft = { sender: 'anna@klinik.example', recipients: ['b@partner.example'], subject: 'secret' }
  it('of a draft says what and why', async () => {
    const response = await call('anna', 'POST', '/api/v1/simulations', draft)
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ delivered: false, recipients: [{ outcome: 'reject', text: 'no' }] })
    expect(response.json().explanation).toContain('start')
    expect((await call('ben', 'POST', '/api/v1/simulations', draft)).json()).toMatchObject({
      code: 'sender-not-allowed',
    })
    expect((await call('reader', 'POST', '/api/v1/simulations', draft)).statusCode).toBe(200)
  })
  it('of a whole mail stores nothing', async () => {
    const whole = 'From: anna@klinik.example\r\nTo: b@partner.example, c@partner.example\r\nSubject: x\r\n\r\nHello\r\n'
    const type = { 'content-type': 'message/rfc822' }
    const response = await call('anna', 'POST', '/api/v1/simulations', whole, type)
    expect(response.statusCode).toBe(200)
    expect(response.json().recipients).toHaveLength(2)
    const named = await call('anna', 'POST', '/api/v1/simulations', whole, { ...type, 'x-envelope-to': 'd@x.example' })
    expect(named.json().recipients).toMatchObject([{ address: 'd@x.example' }])
    expect((await call('ben', 'POST', '/api/v1/simulations', whole, type)).statusCode).toBe(403)
    expect(await house.services.store.tenant(tenant).read.messages({ limit: 9 })).toEqual([])
  })
})
