/** Access tokens of a real OpenID provider at our API: which count, which do not, and what happens while the provider is away. */
import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, createHttpApp } from '../../server/http/app.ts'
import type { ForeignIssuer } from '../../server/http/config.ts'
import { person } from '../contract/store-records.ts'
import { freePort } from '../support/free-port.ts'
import { type TestHouse, tenant, testHouse } from '../support/http-services.ts'
import { API, type IdentityProvider, SCOPE, startProvider } from '../support/identity-provider.ts'

const DIRECTORY = '11111111-2222-3333-4444-555555555555'

let house: TestHouse
const open: App[] = []

beforeAll(async () => {
  house = await testHouse()
  await house.services.store
    .tenant(tenant)
    .write((tx) => tx.putPerson({ ...person('anna@klinik.example', ''), sendsAs: ['radiologie@klinik.example'] }))
})
afterAll(async () => {
  for (const app of open) await app.close()
  await house?.[Symbol.asyncDispose]()
})

const trusting = (provider: Pick<IdentityProvider, 'issuer' | 'jwksUri'>, more: Partial<ForeignIssuer> = {}) => ({
  tenant,
  issuer: provider.issuer,
  audience: API,
  jwks: { url: provider.jwksUri },
  scope: SCOPE,
  ...more,
})

async function api(...issuers: ForeignIssuer[]) {
  const app = await createHttpApp({ ...house.services, config: { ...house.services.config, issuers } })
  open.push(app)
  const me = async (token: string) => {
    const answer = await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
  }
  const evaluate = async (token: string, sender: string) =>
    (
      await app.inject({
        method: 'POST',
        url: '/api/v1/evaluate',
        headers: { authorization: `Bearer ${token}` },
        payload: { sender, recipients: ['b@x.example'] },
      })
    ).statusCode
  return { me, evaluate, app }
}

describe.each(['RS256', 'ES256', 'EdDSA'] as const)('a token signed with %s', (algorithm) => {
  it('says who calls, under a key that is the issuer’s own', async () => {
    await using provider = await startProvider({ algorithm })
    const { me } = await api(trusting(provider))
    expect(await me(await provider.token())).toMatchObject({
      status: 200,
      body: { subject: `${provider.issuer}#machine`, address: 'anna@klinik.example', roles: ['user'] },
    })
    expect(provider.keysAsked()).toBe(1)
  })
})

describe('a token', () => {
  let provider: IdentityProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  afterAll(() => provider?.[Symbol.asyncDispose]())

  it('lets its holder ask for own addresses and those it is a delegate of, for no others', async () => {
    const { evaluate } = await api(trusting(provider))
    const token = await provider.token()
    expect(await evaluate(token, 'Anna@klinik.example')).toBe(200)
    expect(await evaluate(token, 'radiologie@klinik.example')).toBe(200)
    expect(await evaluate(token, 'ben@klinik.example')).toBe(403)
  })

  it('for another audience, without the scope, or for another client is refused', async () => {
    const { me } = await api(trusting(provider))
    expect((await me(await provider.token({ resource: 'urn:another:api' }))).status).toBe(401)
    expect((await me(await provider.token({ scope: 'other' }))).status).toBe(401)
    const strict = await api(trusting(provider, { clients: ['outlook'] }))
    expect((await strict.me(await provider.token())).status).toBe(401)
    const known = await api(trusting(provider, { clients: ['outlook', 'machine'] }))
    expect((await known.me(await provider.token())).status).toBe(200)
  })

  it('of another issuer is refused, also when it says it is of ours', async () => {
    await using other = await startProvider()
    await using liar = await startProvider({ issuer: provider.issuer })
    const { me } = await api(trusting(provider))
    expect((await me(await other.token())).status).toBe(401)
    expect((await me(await liar.token())).status).toBe(401)
  })

  it('that nobody signed, or somebody with the public key as a secret, is refused', async () => {
    const { me } = await api(trusting(provider))
    const [head, body] = (await provider.token()).split('.') as [string, string]
    const { keys } = (await (await fetch(provider.jwksUri)).json()) as { keys: { kid: string }[] }
    const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: keys[0]!.kid })).toString('base64url')
    const mac = createHmac('sha256', JSON.stringify(keys[0]))
      .update(`${header('HS256')}.${body}`)
      .digest('base64url')
    for (const token of [`${header('none')}.${body}.`, `${header('HS256')}.${body}.${mac}`, `${head}.${body}.AAAA`])
      expect((await me(token)).status).toBe(401)
  })

  it('that ran out is refused, with a minute for clocks that differ', async () => {
    await using short = await startProvider({ tokenSeconds: 2 })
    const { me } = await api(trusting(short))
    const token = await short.token()
    house.advance(30_000)
    expect((await me(token)).status).toBe(200)
    house.advance(40_000)
    expect((await me(token)).status).toBe(401)
    house.advance(-70_000)
  })

  it('without a verified address of a user is refused', async () => {
    const { me } = await api(trusting(provider))
    const byEmail = await api(trusting(provider, { addressClaim: 'email' }))
    const before = provider.claims
    for (const preferred_username of ['nobody@klinik.example', 'anna', '', 7]) {
      provider.claims = { preferred_username }
      expect((await me(await provider.token())).status, String(preferred_username)).toBe(401)
    }
    for (const [email_verified, status] of [
      [undefined, 401],
      [false, 401],
      ['true', 401],
      [true, 200],
    ]) {
      provider.claims = { email: 'anna@klinik.example', email_verified }
      expect((await byEmail.me(await provider.token())).status, String(email_verified)).toBe(status)
    }
    provider.claims = before
  })

  it('of Entra has to be of the directory, of version 2.0, and is known by oid', async () => {
    const { me } = await api(trusting(provider, { directory: DIRECTORY, scope: SCOPE }))
    const before = provider.claims
    const good = { ...before, ver: '2.0', tid: DIRECTORY, oid: 'aaaa', azp: 'outlook' }
    const answers = new Map<string, number>()
    for (const [name, claims] of Object.entries({
      good,
      'another directory': { ...good, tid: DIRECTORY.replace('1', '9') },
      'no directory': { ...good, tid: undefined },
      'version 1.0': { ...good, ver: '1.0' },
      'no oid': { ...good, oid: undefined },
      'bound to a key': { ...good, cnf: { jkt: 'x' } },
    })) {
      provider.claims = claims
      const answer = await me(await provider.token())
      if (name === 'good') expect(answer.body.subject).toBe(`${provider.issuer}#aaaa`)
      answers.set(name, answer.status)
    }
    provider.claims = before
    expect(Object.fromEntries(answers)).toEqual({
      good: 200,
      'another directory': 401,
      'no directory': 401,
      'version 1.0': 401,
      'no oid': 401,
      'bound to a key': 401,
    })
  })
})

describe('keys of the provider', () => {
  it('may change: new ones are fetched, withdrawn ones count no more', async () => {
    const first = await startProvider()
    const { me } = await api(trusting(first))
    const old = await first.token()
    expect((await me(old)).status).toBe(200)
    await first[Symbol.asyncDispose]()
    await using second = await startProvider({ port: first.port })
    // What was fetched is believed for a while.
    expect((await me(old)).status).toBe(200)
    const fresh = await second.token()
    await expect.poll(async () => (await me(fresh)).status, { timeout: 15_000, interval: 500 }).toBe(200)
    expect((await me(old)).status).toBe(401)
  })

  it('are not asked for with every token that names an unknown one', async () => {
    await using provider = await startProvider()
    await using liar = await startProvider({ issuer: provider.issuer })
    const { me } = await api(trusting(provider))
    const forged = await liar.token()
    await me(await provider.token())
    for (let i = 0; i < 20; i++) expect((await me(forged)).status).toBe(401)
    expect(provider.keysAsked()).toBe(1)
  })

  it('that cannot be had mean 503, soon, and nobody gets in', async () => {
    await using provider = await startProvider()
    const token = await provider.token()
    const nobody = `http://127.0.0.1:${await freePort()}/jwks`
    const silent = await new Promise<Server>((resolve) => {
      const server = createServer(() => {}).listen(0, '127.0.0.1', () => resolve(server))
    })
    const { port } = silent.address() as { port: number }
    for (const url of [nobody, `http://127.0.0.1:${port}/jwks`, `${provider.issuer}/nothing-here`]) {
      const { me } = await api(trusting({ issuer: provider.issuer, jwksUri: url }))
      const began = performance.now()
      const answers = await Promise.all([me(token), me(token), me(token)])
      expect(performance.now() - began, url).toBeLessThan(15_000)
      for (const { status, body, headers } of answers) {
        expect([status, body.code], url).toEqual([503, 'sign-in-away'])
        expect(headers['retry-after']).toMatch(/^\d+$/)
      }
    }
    silent.close()
  })

  it('that were fetched serve while the provider is away for a moment', async () => {
    const provider = await startProvider()
    const { me } = await api(trusting(provider))
    const token = await provider.token()
    await me(token)
    await provider[Symbol.asyncDispose]()
    expect((await me(token)).status).toBe(200)
  })
})
