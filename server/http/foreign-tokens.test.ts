import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { person } from '../../test/contract/store-records.ts'
import { type TestHouse, tenant, testHouse } from '../../test/support/http-services.ts'
import { createHttpApp } from './app.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house?.[Symbol.asyncDispose]())

describe('tokens of foreign issuers', () => {
  it('of a configured issuer count, for users of the directory only', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
    const issuer = { tenant, issuer: 'https://login.example/v2', audience: 'api://secflow', jwks: { keys: [jwk] } }
    const foreignApp = await createHttpApp({
      ...house.services,
      config: { ...house.services.config, issuers: [issuer] },
    })
    await house.services.store
      .tenant(tenant)
      .write((tx) => tx.putPerson({ ...person('carla@klinik.example', ''), sendsAs: ['radiologie@klinik.example'] }))
    const now = Math.floor(house.services.clock.now() / 1000)
    const token = (claims: Record<string, unknown>, alg = 'ES256') =>
      new SignJWT({
        preferred_username: 'Carla@klinik.example',
        sub: 's',
        iss: issuer.issuer,
        aud: issuer.audience,
        exp: now + 600,
        ...claims,
      })
        .setProtectedHeader({ alg, kid: 'k1' })
        .sign(privateKey)
    const ask = async (text: string) =>
      foreignApp.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${text}` } })
    const good = await ask(await token({ roles: ['helpdesk', 'root'] }))
    expect(good.json()).toMatchObject({ address: 'carla@klinik.example', roles: ['user', 'helpdesk'] })
    for (const claims of [
      { aud: 'api://other' },
      { iss: 'https://evil.example' },
      { exp: now - 120 },
      { exp: undefined },
      { preferred_username: 'nobody@klinik.example' },
      { preferred_username: undefined },
      // ID tokens, refresh tokens and messages about sessions are signed with the same key.
      { at_hash: 'x' },
      { c_hash: 'x' },
      { typ: 'ID' },
      { typ: 'Refresh' },
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    ])
      expect((await ask(await token(claims))).statusCode, JSON.stringify(claims)).toBe(401)
    expect((await ask(await token({ typ: 'Bearer' }))).statusCode).toBe(200)
    await foreignApp.close()
    const weak = { ...house.services.config, issuers: [{ ...issuer, algorithms: ['HS256'] }] }
    await expect(createHttpApp({ ...house.services, config: weak })).rejects.toThrow(Fault)
  })

  it('of one provider belong to the organisation in their audience, and to its users alone', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }
    const one = { issuer: 'https://login.example', jwks, audience: 'one', tenant }
    const other = { ...one, audience: 'other', tenant: tenantId('praxis') }
    const { store, config } = house.services
    await store.tenant(tenant).write((tx) => tx.putPerson(person('dora@klinik.example', '')))
    await store.tenant(other.tenant).write((tx) => tx.putPerson(person('emil@praxis.example', '')))
    const both = await createHttpApp({ ...house.services, config: { ...config, issuers: [one, other] } })
    const ask = async (aud: string | string[], preferred_username: string) => {
      const token = await new SignJWT({ preferred_username, sub: 's', iss: one.issuer, aud })
        .setProtectedHeader({ alg: 'ES256' })
        .setExpirationTime('5m')
        .sign(privateKey)
      const answer = await both.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })
      return answer.statusCode === 200 ? answer.json().tenant : answer.statusCode
    }
    expect(await ask('one', 'dora@klinik.example')).toBe('demo')
    expect(await ask('other', 'emil@praxis.example')).toBe('praxis')
    expect(await ask(['else', 'other'], 'emil@praxis.example')).toBe('praxis')
    expect(await ask('other', 'dora@klinik.example')).toBe(401)
    expect(await ask('one', 'emil@praxis.example')).toBe(401)
    await both.close()
  })
})
