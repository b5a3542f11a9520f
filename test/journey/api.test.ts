/** A system that sends by HTTP: token, preview, submission, state and receipt, recall; and every class of error as problem+json. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import type { MessageStatus, Problem, Verdict } from '../../shared/contract/index.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { lastMailTo, linkIn } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { hostile, plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'

const AUTHOR = 'leitstelle@demo.example'
const CERT = 'cert@partner.example'
const PORTAL = 'nothing@partner.example'
const SECRET = 'the secret of all clients here'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string
const tokens = new Map<string, string>()

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-api-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url })
  const secretHash = await hashPassword(SECRET)
  const client = (id: string, scopes: readonly string[], senders: readonly string[]) => ({
    id,
    secretHash,
    scopes,
    senders,
  })
  const all = ['vocabulary', 'evaluate', 'messages:send', 'messages:read', 'messages:recall']
  const broken = join(scratch, 'broken')
  mkdirSync(broken)
  writeFileSync(join(broken, 'a.yaml'), 'kind: [')
  const [demo] = tenant.settings({
    clients: [
      client('erp', all, [AUTHOR]),
      client('reader', ['messages:read'], [AUTHOR]),
      client('crm', all, ['v.kern@demo.example']),
    ],
  }).tenants
  const others = [
    {
      id: 'other',
      name: 'Other',
      domains: ['other.example'],
      policyDir: tenant.policyDir,
      clients: [client('stranger', all, ['@other.example'])],
    },
    {
      id: 'broken',
      name: 'Broken',
      domains: ['broken.example'],
      policyDir: broken,
      clients: [client('unlucky', all, ['@broken.example'])],
    },
  ]
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: { tenants: [demo, ...others] },
  })
  for (const id of ['erp', 'reader', 'crm', 'stranger', 'unlucky']) tokens.set(id, await tokenOf(id))
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function tokenOf(client: string): Promise<string> {
  const answer = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:${encodeURIComponent(SECRET)}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const body = (await answer.json()) as { access_token: string; token_type: string }
  expect([answer.status, answer.headers.get('cache-control'), body.token_type]).toEqual([200, 'no-store', 'Bearer'])
  return body.access_token
}

interface Call {
  readonly as?: string
  readonly json?: unknown
  readonly mail?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** POST when there is a body, else GET. */
async function call<T = unknown>(path: string, { as = 'erp', json, mail, headers = {} }: Call = {}) {
  const type = json !== undefined ? 'application/json' : mail ? 'message/rfc822' : null
  const token = tokens.get(as) ?? as
  const answer = await fetch(`${gateway.url}${path}`, {
    method: type ? 'POST' : 'GET',
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(type ? { 'content-type': type } : {}),
      ...headers,
    },
    ...(type ? { body: json !== undefined ? JSON.stringify(json) : new Uint8Array(mail ?? []) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: (text ? JSON.parse(text) : null) as T }
}

type Accepted = { id: string; location: string; size: number }
const offer = {
  from: AUTHOR,
  to: [CERT],
  bcc: [PORTAL],
  subject: 'Minutes',
  text: 'Hello',
  classification: 'confidential',
}

describe('from preview to recall', () => {
  let verdict: Verdict
  let id: string

  it('previews per recipient what will happen and why', async () => {
    const recipients = [CERT, { address: PORTAL, field: 'bcc' }]
    const draft = { sender: AUTHOR, recipients, subject: offer.subject, classification: 'confidential' }
    const answer = await call<Verdict>('/api/v1/evaluate', { json: draft, headers: { 'accept-language': 'de' } })
    verdict = answer.body
    expect(answer.status).toBe(200)
    expect(verdict.recipients).toMatchObject([
      { address: CERT, outcome: 'deliver', method: 'smime', missing: [] },
      { address: PORTAL, outcome: 'deliver', method: 'portal' },
    ])
    expect(verdict.recipients[0]?.reasons.map(({ text }) => text)).toContain(
      'Vertrauliches geht nur verschlüsselt hinaus',
    )
    expect(verdict.stamp.split('.')).toHaveLength(3)
  })

  it('takes the mail as JSON, once per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'order-4711' }
    const twins = await Promise.all(
      [1, 2].map(() => call<Accepted & Problem>('/api/v1/messages', { json: offer, headers })),
    )
    const first = twins.find(({ status }) => status === 202)!
    // The twin either waited for the answer or is told that it is under way.
    for (const { status, body } of twins)
      expect(status === 202 ? body.id : body.code).toBe(status === 202 ? first.body.id : 'idempotency-in-progress')
    const again = await call<Accepted>('/api/v1/messages', { json: offer, headers })
    expect([again.status, again.body]).toEqual([202, first.body])
    expect(again.headers.get('location')).toBe(`/api/v1/messages/${first.body.id}`)
    id = first.body.id
    await gateway.settled(id)
    await using records = await gateway.records()
    expect(await records.read.messages({ limit: 10 })).toHaveLength(1)
    const other = await call<Problem>('/api/v1/messages', { json: { ...offer, subject: 'Another' }, headers })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-conflict'])
    // Another client's key is another key.
    const own = { ...offer, from: 'v.kern@demo.example', bcc: [] }
    expect((await call('/api/v1/messages', { as: 'crm', json: own, headers })).status).toBe(202)
  })

  it('tells state and receipt, as previewed', async () => {
    const { status, body } = await call<MessageStatus>(`/api/v1/messages/${id}`)
    expect([status, body.from, body.subject, body.revision]).toEqual([200, AUTHOR, 'Minutes', verdict.revision])
    expect(body.recipients.map(({ address, receipt }) => [address, receipt?.method, receipt?.rules])).toEqual(
      verdict.recipients.map(({ address, method, reasons }) => [address, method, reasons.map(({ rule }) => rule)]),
    )
    expect(body.recipients.every(({ state }) => state === 'delivered')).toBe(true)
    expect(body.recipients[0]?.receipt?.layers.join()).toContain('EnvelopedData')
  })

  it('keeps blind recipients and what steered out of the mail', async () => {
    const sent = readFileSync(await lastMailTo(sink, CERT), 'latin1')
    expect(sent).toMatch(/^To: cert@partner\.example\r$/m)
    expect(sent).not.toMatch(/x-secflow|^bcc:|nothing@/im)
  })

  it('takes a portal message back', async () => {
    const link = await linkIn(await lastMailTo(sink, PORTAL))
    expect((await fetch(link)).status).toBe(200)
    const { status, body } = await call(`/api/v1/messages/${id}/recall`, { json: {} })
    expect([status, body]).toEqual([200, { id, revoked: 1 }])
    expect((await fetch(link)).status).toBe(410)
    expect((await call(`/api/v1/messages/${id}/recall`, { json: {} })).body).toEqual({ id, revoked: 0 })
    await using records = await gateway.records()
    const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
    expect(audit.find(({ type }) => type === 'message.recalled')).toMatchObject({
      actor: 'erp',
      detail: { revoked: 1 },
    })
  })

  it('takes a whole mail as message/rfc822, envelope apart', async () => {
    const mail = plainMail({
      from: AUTHOR,
      to: CERT,
      subject: 'As it is',
      headers: ['X-Secflow-Classification: confidential', `Bcc: ${PORTAL}`],
    })
    const headers = { 'x-envelope-to': CERT, 'idempotency-key': '"raw-1"' }
    const answers = [
      await call<Accepted>('/api/v1/messages', { mail, headers }),
      await call<Accepted>('/api/v1/messages', { mail, headers }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect(answers[1]?.body).toEqual(answers[0]?.body)
    expect(await gateway.settled(answers[0]!.body.id)).toMatchObject([
      { address: CERT, state: 'delivered', receipt: { method: 'smime' } },
    ])
    await using records = await gateway.records()
    const twins = (await records.read.messages({ limit: 10 })).filter(({ subject }) => subject === 'As it is')
    expect(twins).toHaveLength(1)
    const message = await records.read.message(answers[0]!.body.id as MessageId)
    expect(message?.origin).toMatchObject({ channel: 'api', authenticated: 'token', identity: 'erp' })
  })
})

describe('what goes wrong is problem+json with a stable type', () => {
  const draft = { sender: AUTHOR, recipients: [CERT] }
  const unknown = '01936f5e-0000-7000-8000-000000000000'
  const raw = (mail: Buffer, to = CERT): Call => ({ mail, headers: { 'x-envelope-from': AUTHOR, 'x-envelope-to': to } })

  it.each<[string, string, Call, number, string]>([
    ['no token', '/api/v1/me', { as: '' }, 401, 'unauthenticated'],
    ['a token of nobody', '/api/v1/me', { as: 'a.b.c' }, 401, 'unauthenticated'],
    ['a scope that was not granted', '/api/v1/messages', { as: 'reader', json: offer }, 403, 'forbidden'],
    [
      "another's address as sender",
      '/api/v1/messages',
      { json: { ...offer, from: 'v.kern@demo.example' } },
      403,
      'sender-not-allowed',
    ],
    [
      "another's address in From",
      '/api/v1/messages',
      raw(plainMail({ from: 'v.kern@demo.example' })),
      403,
      'sender-not-allowed',
    ],
    [
      "another's address to preview",
      '/api/v1/evaluate',
      { json: { ...draft, sender: 'ceo@demo.example' } },
      403,
      'sender-not-allowed',
    ],
    ['an unknown message', `/api/v1/messages/${unknown}`, {}, 404, 'not-found'],
    ['an unknown place', '/api/v1/nowhere', {}, 404, 'not-found'],
    ['an id that is none', '/api/v1/messages/42', {}, 400, 'request-invalid'],
    ['a field of the wrong kind', '/api/v1/messages', { json: { ...offer, to: 'one' } }, 400, 'request-invalid'],
    ['nobody to send to', '/api/v1/messages', { json: { ...offer, to: [], bcc: [] } }, 400, 'request-invalid'],
    [
      'an Idempotency-Key with spaces',
      '/api/v1/messages',
      { json: offer, headers: { 'idempotency-key': 'a b' } },
      400,
      'request-invalid',
    ],
    ['an address that is none', '/api/v1/messages', raw(plainMail({ from: AUTHOR }), 'nobody'), 400, 'address-invalid'],
    [
      'NUL, with 30 MB to come',
      '/api/v1/messages',
      raw(plainMail({ from: AUTHOR, text: `\0${'x\r\n'.repeat(10_000_000)}` })),
      400,
      'nul-byte',
    ],
    [
      'bare line ends',
      '/api/v1/messages',
      raw(Buffer.from(plainMail({ from: AUTHOR, text: 'a\nb' }))),
      400,
      'bare-line-end',
    ],
    ['NUL', '/api/v1/messages', raw(plainMail({ from: AUTHOR, text: 'a\0b' })), 400, 'nul-byte'],
    ['an 8-bit header', '/api/v1/messages', raw(plainMail({ from: AUTHOR, subject: 'Grüße' })), 400, 'header-8bit'],
    ['no From', '/api/v1/messages', raw(hostile.notMime()), 400, 'header-malformed'],
    ['a header of 1 MB', '/api/v1/messages', raw(hostile.manyHeaders(1_048_576)), 400, 'header-too-large'],
    [
      'JSON of 17 MB',
      '/api/v1/messages',
      { json: { ...offer, text: 'x'.repeat(17 * 1_048_576) } },
      413,
      'payload-too-large',
    ],
    [
      'another media type',
      '/api/v1/messages',
      { mail: Buffer.from('x'), headers: { 'content-type': 'text/csv' } },
      415,
      'media-type-unsupported',
    ],
    [
      'a tenant without a policy: mail',
      '/api/v1/messages',
      { as: 'unlucky', json: { ...offer, from: 'a@broken.example' } },
      503,
      'policy-none',
    ],
    [
      'a tenant without a policy: preview',
      '/api/v1/evaluate',
      { as: 'unlucky', json: { ...draft, sender: 'a@broken.example' } },
      503,
      'policy-none',
    ],
  ])('%s', async (_, path, options, status, code) => {
    const answer = await call<Problem>(path, options)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(answer.body).toMatchObject({
      type: `urn:secflow:fault:${code}`,
      status,
      instance: expect.stringMatching(/^urn:uuid:/),
    })
    expect(answer.body.title).not.toBe('')
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat \/|node_modules|SQLITE/)
  })

  it('names each field that is wrong', async () => {
    const { body } = await call<Problem>('/api/v1/messages', { json: { ...offer, to: ['one', CERT], text: 5 } })
    expect(body.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/text', '/to/0'])
  })

  it('body that is no JSON', async () => {
    const answer = await call<Problem>('/api/v1/evaluate', {
      mail: Buffer.from('{"a":'),
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { code: 'request-invalid', detail: 'the body is not valid JSON' },
    ])
  })

  it("another tenant's message does not exist", async () => {
    const { body } = await call<Accepted>('/api/v1/messages', { json: offer })
    await gateway.settled(body.id)
    for (const [path, json] of [
      ['', undefined],
      ['/recall', {}],
    ] as const) {
      const answer = await call<Problem>(`/api/v1/messages/${body.id}${path}`, { as: 'stranger', json })
      expect([answer.status, answer.body.code]).toEqual([404, 'not-found'])
    }
    // Nor does a colleague's.
    expect((await call(`/api/v1/messages/${body.id}`, { as: 'crm' })).status).toBe(404)
    expect((await call(`/api/v1/messages/${body.id}`, { as: 'reader' })).status).toBe(200)
  })

  it('a refused mail leaves nothing', async () => {
    await using records = await gateway.records()
    const subjects = (await records.read.messages({ limit: 100 })).map(({ subject }) => subject)
    expect(subjects.sort()).toEqual(['As it is', 'Minutes', 'Minutes', 'Minutes'])
    await using unlucky = await gateway.records('broken')
    expect(await unlucky.read.messages({ limit: 10 })).toEqual([])
  })

  it('token errors have the body of RFC 6749 as well', async () => {
    const ask = async (form: Record<string, string>) => {
      const answer = await fetch(`${gateway.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
      const { error, type } = (await answer.json()) as { error: string; type: string }
      return [answer.status, error, type]
    }
    const form = { grant_type: 'client_credentials', client_id: 'erp', client_secret: SECRET }
    expect(await ask({ ...form, client_secret: 'wrong' })).toEqual([
      401,
      'invalid_client',
      'urn:secflow:fault:credentials-wrong',
    ])
    expect(await ask({ ...form, client_id: 'nobody' })).toEqual([
      401,
      'invalid_client',
      'urn:secflow:fault:credentials-wrong',
    ])
    expect(await ask({ ...form, grant_type: 'password' })).toEqual([
      400,
      'unsupported_grant_type',
      'urn:secflow:fault:request-invalid',
    ])
    expect(await ask({ ...form, scope: 'messages:read-all' })).toEqual([
      400,
      'invalid_scope',
      'urn:secflow:fault:request-invalid',
    ])
  })

  it('too many tokens asked for: 429, and when to come back', async () => {
    let last: Response | undefined
    for (let tries = 0; tries < 40 && last?.status !== 429; tries++) {
      last = await fetch(`${gateway.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'x' }),
      })
      if (last.status !== 429) await last.arrayBuffer()
    }
    expect([last?.status, Number(last?.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect(await last?.json()).toMatchObject({ code: 'rate-limited', type: 'urn:secflow:fault:rate-limited' })
  })
})

it('stops at once after all of this', async () => {
  const began = performance.now()
  expect(await gateway.stop()).toBe(0)
  expect(performance.now() - began).toBeLessThan(10_000)
})
