/** Who may call: how a client gets a token, and what its token is worth. */
import { generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { basic, draft, form, openedApi } from '../../test/support/api.ts'
import { testHouse } from '../../test/support/http-services.ts'
import { createHttpApp } from './app.ts'

const api = openedApi()

describe('POST /oauth/token', () => {
  it('takes the credentials by Basic or in the form', async () => {
    for (const request of [
      {
        headers: { ...form, ...basic('erp', 'right') },
        payload: 'grant_type=client_credentials&scope=evaluate%20nonsense',
      },
      { headers: form, payload: 'grant_type=client_credentials&client_id=erp&client_secret=right&scope=evaluate' },
    ]) {
      const response = await api.app.inject({ method: 'POST', url: '/oauth/token', ...request })
      expect(response.statusCode).toBe(200)
      expect(response.headers['cache-control']).toBe('no-store')
      expect(response.json()).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'evaluate' })
    }
  })

  it.each([
    [401, 'invalid_client', basic('erp', 'wrong'), 'grant_type=client_credentials'],
    [401, 'invalid_client', basic('nobody', 'right'), 'grant_type=client_credentials'],
    [401, 'invalid_client', {}, 'grant_type=client_credentials'],
    [400, 'invalid_request', basic('erp', 'right'), 'grant_type=client_credentials&client_secret=right'],
    [400, 'unsupported_grant_type', basic('erp', 'right'), 'grant_type=password'],
    [400, 'invalid_scope', basic('erp', 'right'), 'grant_type=client_credentials&scope=messages:read-all'],
  ])('answers %i %s', async (status, error, headers, payload) => {
    const response = await api.app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { ...form, ...headers },
      payload,
    })
    expect([response.statusCode, response.json().error]).toEqual([status, error])
    expect(response.headers['content-type']).toContain('application/problem+json')
  })

  it('is limited by address', async () => {
    const own = await testHouse()
    const limits = { ...own.services.config.limits, tokens: 3 }
    const limited = await createHttpApp({ ...own.services, config: { ...own.services.config, limits } })
    const statuses: number[] = []
    for (let n = 0; n < 5; n++) {
      const response = await limited.inject({
        method: 'POST',
        url: '/oauth/token',
        headers: form,
        payload: 'grant_type=x',
      })
      statuses.push(response.statusCode)
      if (n === 4) {
        expect(response.json().type).toBe('urn:secflow:fault:rate-limited')
        expect(response.headers['retry-after']).toBeDefined()
      }
    }
    expect(statuses).toEqual([400, 400, 400, 429, 429])
    await limited.close()
    await own[Symbol.asyncDispose]()
  })
})

describe('bearer tokens', () => {
  const me = (headers: Record<string, string>) => api.app.inject({ url: '/api/v1/me', headers })

  it('say who calls', async () => {
    expect((await me(await api.bearer('anna'))).json()).toEqual({
      tenant: 'demo',
      subject: 'anna',
      address: 'anna@klinik.example',
      roles: ['user'],
      scopes: ['vocabulary', 'evaluate', 'messages:send', 'messages:read', 'messages:recall'],
    })
  })

  it('are refused when missing, forged, of another key, algorithm, audience or too old', async () => {
    const token = (await api.bearer('anna')).authorization!.slice(7)
    const [head, body] = token.split('.') as [string, string]
    const { privateKey } = await generateKeyPair('EdDSA')
    const other = new SignJWT({ tenant: 'demo', scope: 'evaluate' })
      .setSubject('anna')
      .setProtectedHeader({ alg: 'EdDSA' })
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${body}.`
    const forged = [
      {},
      { authorization: 'Bearer ' },
      { authorization: `Basic ${token}` },
      { authorization: `Bearer ${none}` },
      { authorization: `Bearer ${head}.${body}.${'A'.repeat(86)}` },
      { authorization: `Bearer ${await other.sign(privateKey)}` },
      { authorization: `Bearer ${await stampAsToken()}` },
    ]
    for (const headers of forged) {
      const response = await me(headers as Record<string, string>)
      expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer realm="secflow"'])
    }
    api.house.advance(601_000)
    expect((await me({ authorization: `Bearer ${token}` })).statusCode).toBe(401)
    api.house.advance(-601_000)
    expect((await me({ authorization: `Bearer ${token}` })).statusCode).toBe(200)
  })

  async function stampAsToken(): Promise<string> {
    const response = await api.app.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await api.bearer('anna'),
      payload: draft,
    })
    return response.json().stamp
  }

  it('without the scope are forbidden', async () => {
    const response = await api.app.inject({ url: '/api/v1/vocabulary', headers: await api.bearer('auditor') })
    expect([response.statusCode, response.json().type]).toEqual([403, 'urn:secflow:fault:forbidden'])
  })
})
