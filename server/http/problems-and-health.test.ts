/** What every caller sees: problems, health, documents and headers. */
import { describe, expect, it } from 'vitest'
import { draft, openedApi } from '../../test/support/api.ts'
import { createHttpApp, createOperatorApp } from './app.ts'

const api = openedApi()

describe('the API', () => {
  it('answers unknown URLs and faults inside as problems, without their text', async () => {
    const response = await api.app.inject({ url: '/nowhere' })
    expect([response.statusCode, response.json().type]).toEqual([404, 'urn:secflow:fault:not-found'])
    const failing = await createHttpApp({
      ...api.house.services,
      preview: async () => {
        throw new Error('secret inside')
      },
    })
    const inside = await failing.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await api.bearer('anna', failing),
      payload: draft,
    })
    expect([inside.statusCode, inside.json().code]).toEqual([500, 'internal'])
    expect(inside.body).not.toContain('secret')
    await failing.close()
  })

  it('has health, documents and strict headers', async () => {
    expect((await api.app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' })
    expect((await api.app.inject({ url: '/readyz' })).json()).toEqual({ status: 'ready', checks: { database: true } })
    expect((await api.app.inject({ url: '/openapi.json' })).json()).toMatchObject({ openapi: '3.1.0' })
    const docs = await api.app.inject({ url: '/docs' })
    expect(docs.body).toContain('POST /api/v1/evaluate')
    expect(docs.headers['content-security-policy']).toContain("default-src 'none'")
    expect(docs.headers['content-security-policy']).not.toContain('unsafe')
    expect((await api.app.inject({ url: '/metrics' })).statusCode).toBe(404)
    const operator = await createOperatorApp(api.house.services)
    expect((await operator.inject({ url: '/metrics' })).body).toContain('secflow_up 1')
    await operator.close()
  })

  it('says 503 when it is not ready', async () => {
    const operator = await createOperatorApp({
      ...api.house.services,
      ready: async () => ({ ready: false, checks: { policy: false } }),
    })
    expect((await operator.inject({ url: '/readyz' })).statusCode).toBe(503)
    await operator.close()
  })

  it('does not start with an API route that does not say who may call it', async () => {
    await expect(
      createHttpApp(api.house.services, [(scope) => void scope.get('/api/v1/open', async () => ({}))]),
    ).rejects.toThrow('does not say who may call it')
  })

  it('says what is wrong in the language of the caller', async () => {
    const ask = async (language: string) =>
      (await api.app.inject({ url: '/nowhere', headers: { 'accept-language': language } })).json().title
    expect([await ask('de-AT'), await ask('fr')]).toEqual(['Das gibt es nicht', 'There is no such thing'])
    const headers = { ...(await api.bearer('auditor')), 'accept-language': 'de' }
    expect((await api.app.inject({ url: '/api/v1/vocabulary', headers })).json()).toMatchObject({
      detail: 'verlangt den Scope vocabulary',
    })
  })
})
