/** What the task pane asks beside previews: own mail and its receipts, the policy for the time without a connection, how to sign in. */
import { createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MessageId, Origin } from '../../shared/domain/index.ts'
import { preAuthEncoding, readEnvelope } from '../../shared/policy/bundle/dsse.ts'
import { readBundle } from '../../shared/policy/index.ts'
import { person } from '../../test/contract/store-records.ts'
import { CLIENTS, startPolicy, type TestHouse, tenant, testHouse } from '../../test/support/http-services.ts'
import { uuidv7 } from '../platform/ids.ts'
import { type App, createHttpApp } from './app.ts'
import { findOwn } from './find-own.ts'

const ANNA = 'anna@klinik.example'
const DEMO = { tenant, domains: ['klinik.example'], persons: [{ address: ANNA, name: 'Anna' }] }

let house: TestHouse
let app: App
const ids: Record<string, MessageId> = {}
let time = Date.now()

beforeAll(async () => {
  house = await testHouse()
  app = await createHttpApp(house.services)
  await house.services.store.tenant(tenant).write(async (tx) => {
    await tx.putPerson(person(ANNA, ''))
    await put('befund', { subject: 'Befund für Größe', to: ['praxis@partner.example'] })
    await put('angebot', { subject: 'ANGEBOT 100% (neu)', to: ['einkauf@kunde.example', 'praxis@partner.example'] })
    await put('of-ben', { from: 'ben@klinik.example', subject: 'Befund von Ben' })
    await put('forged', { subject: 'Befund, gefälscht', authenticated: 'none' })
    await put('last', { subject: 'zuletzt' })

    async function put(
      name: string,
      mail: { from?: string; subject: string; to?: string[]; authenticated?: Origin['authenticated'] },
    ) {
      const id = uuidv7(++time) as MessageId
      ids[name] = id
      const recipients = mail.to ?? ['b@x.example']
      await tx.insertMessage(
        {
          id,
          state: 'accepted',
          envelope: {
            mailFrom: mail.from ?? ANNA,
            recipients: recipients.map((address) => ({ address })),
            body: '7BIT',
            smtputf8: false,
            requireTls: false,
          },
          origin: {
            channel: 'smtp',
            authenticated: mail.authenticated ?? 'auth',
            identity: 'x',
            peer: '127.0.0.1',
            tls: null,
          },
          blob: id,
          size: 10,
          digest: '',
          rfcMessageId: `${name}@klinik.example`,
          subject: mail.subject,
          acceptedAt: time,
          decision: null,
        },
        recipients,
      )
    }
  })
})
afterAll(async () => {
  await app.close()
  await house[Symbol.asyncDispose]()
})

async function bearer(client: keyof typeof CLIENTS): Promise<Record<string, string>> {
  const response = await app.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `grant_type=client_credentials&client_id=${client}&client_secret=right`,
  })
  return { authorization: `Bearer ${response.json().access_token}` }
}
const find = async (query: string, client: keyof typeof CLIENTS = 'anna') => {
  const response = await app.inject({ url: `/api/v1/messages?${query}`, headers: await bearer(client) })
  const { messages = [], next, code } = response.json() as { messages?: { id: string }[]; next?: string; code?: string }
  const names = messages.map(({ id }) => Object.entries(ids).find(([, known]) => known === id)?.[0])
  return { status: response.statusCode, names, next, code, messages }
}

describe('GET /api/v1/messages', () => {
  it('lists own mail, the newest first, with the state of each recipient', async () => {
    const all = await find('')
    expect(all).toMatchObject({ names: ['last', 'angebot', 'befund'], next: null })
    expect(all.messages[1]).toMatchObject({
      subject: 'ANGEBOT 100% (neu)',
      recipients: [
        { address: 'einkauf@kunde.example', state: 'pending', receipt: null },
        { address: 'praxis@partner.example', state: 'pending', receipt: null },
      ],
    })
  })

  it.each([
    ['query=befund', ['befund']],
    ['query=GR%C3%96%C3%9FE', ['befund']],
    ['query=100%25', ['angebot']],
    ['query=kunde.example', ['angebot']],
    ['query=nirgends', []],
    ['messageId=%3Cbefund%40klinik.example%3E', ['befund']],
    ['messageId=of-ben%40klinik.example', []],
    ['messageId=forged%40klinik.example', []],
  ])('finds by %s', async (query, names) => {
    expect((await find(query)).names).toEqual(names)
  })

  it('goes from page to page', async () => {
    const names: unknown[] = []
    let cursor = ''
    for (let page = 0; page < 5; page++) {
      const found = await find(`limit=1${cursor}`)
      names.push(...found.names)
      if (!found.next) break
      cursor = `&cursor=${found.next}`
    }
    expect(names).toEqual(['last', 'angebot', 'befund'])
  })

  it('shows nobody else’s, and wants a sender of those who have no address', async () => {
    expect(await find('sender=ben%40klinik.example')).toMatchObject({ status: 403, code: 'sender-not-allowed' })
    expect((await find('', 'ben')).names).toEqual(['of-ben'])
    expect(await find('', 'erp')).toMatchObject({ status: 400 })
    expect((await find(`sender=${ANNA}`, 'erp')).names).toEqual(['last', 'angebot', 'befund'])
    expect((await find('', 'auditor')).status).toBe(403)
    expect((await find('', 'stranger')).names).toEqual([])
  })

  it('ends a search for what is nowhere after a bounded look, and leads on', async () => {
    let asked = 0
    const one = await house.services.store.tenant(tenant).read.message(ids.befund!)
    const endless = {
      messagesCalled: async () => [],
      async messages({ limit }: { limit: number }) {
        asked += limit
        return Array.from({ length: limit }, (_, at) => ({ ...one!, id: `${asked + at}` as MessageId }))
      },
    }
    const page = await findOwn(endless, CLIENTS.anna!, { sender: ANNA, query: 'nirgends', limit: 20 })
    expect(asked).toBe(1_000)
    expect(page).toEqual({ found: [], next: `${1_000 + 99}` })
  })
})

describe('GET /api/v1/policies/offline', () => {
  const ask = async (headers: Record<string, string> = {}) =>
    app.inject({ url: '/api/v1/policies/offline', headers: { ...(await bearer('anna')), ...headers } })

  it('gives the policy in force, signed with the key that stands beside it', async () => {
    const { bundle, keys, domains, tenant: of, revision } = (await ask()).json()
    expect({ of, domains }).toEqual({ of: 'demo', domains: ['klinik.example'] })
    const envelope = readEnvelope(bundle)!
    const [key] = keys as [{ keyid: string; publicKey: string }]
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.publicKey }, format: 'jwk' })
    const message = preAuthEncoding(envelope.payloadType, envelope.payload.bytes)
    expect(envelope.signatures.map(({ keyid }) => keyid)).toEqual([key.keyid])
    expect(verify(null, message, publicKey, envelope.signatures[0]!.sig)).toBe(true)
    const trust = {
      holder: (keyid: string) => keyid,
      verify: (_: string, signed: Uint8Array, signature: Uint8Array) => verify(null, signed, publicKey, signature),
    }
    const { policy } = readBundle(bundle, { trust, currentSerial: 0 })
    expect(policy?.revision).toBe(revision)
    expect(bundle).not.toContain(startPolicy.text)
  })

  it('is not sent again while nothing changed', async () => {
    const first = await ask()
    const second = await ask({ 'if-none-match': String(first.headers.etag) })
    expect([second.statusCode, second.body]).toEqual([304, ''])
    expect((await ask({ 'if-none-match': '"another"' })).statusCode).toBe(200)
  })

  it('is for those who may preview', async () => {
    const refused = await app.inject({ url: '/api/v1/policies/offline', headers: await bearer('auditor') })
    expect(refused.statusCode).toBe(403)
  })
})

describe('how the add-in signs in', () => {
  const issuer = {
    tenant,
    domains: ['klinik.example'],
    issuer: 'https://login.example/realms/klinik',
    audience: 'api',
    jwks: { keys: [] },
    addIn: { clientId: 'outlook', scope: 'openid mail' },
  }
  const directory = '11111111-2222-3333-4444-555555555555'
  const entra = {
    ...issuer,
    domains: ['praxis.example'],
    directory,
    issuer: `https://login.microsoftonline.com/${directory}/v2.0`,
    addIn: { clientId: 'guid', scope: 'api://mail.example/guid/access_as_user' },
  }
  async function config(changes: Partial<TestHouse['services']['config']>, query = '') {
    const own = await createHttpApp({ ...house.services, config: { ...house.services.config, ...changes } })
    const response = await own.inject({ url: `/addin/config.json${query}` })
    await own.close()
    return response.statusCode === 200 ? response.json() : response.statusCode
  }

  it('follows from the domain of the user, or is the only way there is', async () => {
    const both = { issuers: [issuer, entra] }
    const oidc = { mode: 'oidc', authority: issuer.issuer, clientId: 'outlook', scope: 'openid mail' }
    expect(await config(both, '?domain=klinik.example')).toEqual(oidc)
    expect(await config(both, '?domain=PRAXIS.example')).toEqual({
      mode: 'entra',
      authority: `https://login.microsoftonline.com/${directory}`,
      clientId: 'guid',
      scope: 'api://mail.example/guid/access_as_user',
      tenant: directory,
    })
    expect(await config(both, '?domain=elsewhere.example')).toBe(404)
    expect(await config(both)).toBe(404)
    expect(await config({ issuers: [issuer] })).toEqual(oidc)
    expect(await config({})).toBe(404)
  })

  it('lets everybody be a person of the demo in demo mode, and only there', async () => {
    const { persons } = DEMO
    expect(await config({ demo: DEMO }, '?domain=klinik.example')).toEqual({ mode: 'demo', persons })
    const ask = (on: App, address: string, headers: Record<string, string> = {}) =>
      on.inject({ method: 'POST', url: '/addin/demo-token', payload: { address }, headers })
    expect((await ask(app, ANNA)).statusCode).toBe(404)
    const demo = await createHttpApp({ ...house.services, config: { ...house.services.config, demo: DEMO } })
    const token = (await ask(demo, ANNA)).json().access_token
    const me = await demo.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })
    expect(me.json()).toMatchObject({ address: ANNA, roles: ['user'] })
    expect((await ask(demo, 'ben@klinik.example')).statusCode).toBe(403)
    expect((await ask(demo, ANNA, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
    expect((await ask(demo, ANNA, { origin: 'https://evil.example' })).statusCode).toBe(403)
    await demo.close()
  })
})

describe('POST /api/v1/evaluate', () => {
  const ask = async (payload: object) =>
    app.inject({ method: 'POST', url: '/api/v1/evaluate', headers: await bearer('anna'), payload })

  it('answers for 500 recipients', async () => {
    const recipients = Array.from({ length: 500 }, (_, at) => `r${at}@x.example`)
    const answer = await ask({ sender: ANNA, recipients })
    expect(answer.statusCode).toBe(200)
    expect(answer.json().recipients).toHaveLength(500)
  })

  it('says which recipient is a name that nobody resolved', async () => {
    const answer = await ask({ sender: ANNA, recipients: ['b@x.example', 'Familie Berger'] })
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json().errors[0].pointer).toBe('/recipients/1')
  })
})
