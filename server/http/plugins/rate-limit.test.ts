import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault, type FaultCode } from '../../../shared/fault/index.ts'
import { type CLIENTS, type TestHouse, testHouse } from '../../../test/support/http-services.ts'
import { silentLog } from '../../ports/log.ts'
import { type App, createHttpApp } from '../app.ts'
import { errors } from './errors.ts'

const BASE = '/api/v1/me'

describe('the limit of requests', () => {
  let house: TestHouse
  let app: App
  beforeEach(async () => {
    house = await testHouse()
    const { config } = house.services
    app = await createHttpApp({ ...house.services, config: { ...config, limits: { ...config.limits, requests: 3 } } })
  })
  afterEach(async () => {
    await app.close()
    await house[Symbol.asyncDispose]()
  })

  async function tokenOf(client: keyof typeof CLIENTS): Promise<string> {
    const { payload } = await app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${client}:right`).toString('base64')}`,
      },
      payload: 'grant_type=client_credentials',
    })
    return JSON.parse(payload).access_token as string
  }

  /** Statuses of so many requests, one after the other. */
  async function ask(times: number, from: string, token?: string, url = BASE): Promise<readonly number[]> {
    const statuses: number[] = []
    for (let n = 0; n < times; n++) {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      statuses.push((await app.inject({ url, headers, remoteAddress: from })).statusCode)
    }
    return statuses
  }

  it('is each person’s own, behind one address', async () => {
    const [anna, erp] = [await tokenOf('anna'), await tokenOf('erp')]
    expect(await ask(4, '192.0.2.1', anna)).toEqual([200, 200, 200, 429])
    expect(await ask(3, '192.0.2.1', erp)).toEqual([200, 200, 200])
  })

  it('goes with a person from address to address', async () => {
    const anna = await tokenOf('anna')
    expect(await ask(3, '192.0.2.1', anna)).toEqual([200, 200, 200])
    expect(await ask(1, '192.0.2.2', anna)).toEqual([429])
  })

  it('counts by address who is not signed in or shows a forged token, and those who are signed in there go on', async () => {
    const anna = await tokenOf('anna')
    expect(await ask(4, '2001:db8::1', 'forged')).toEqual([401, 401, 401, 429])
    expect(await ask(1, '2001:db8::2')).toEqual([429])
    expect(await ask(1, '2001:db8:0:1::1')).toEqual([401])
    expect(await ask(1, '2001:db8::1', anna)).toEqual([200])
  })

  it('counts what the scope of a person does not allow', async () => {
    const anna = await tokenOf('anna')
    expect(await ask(4, '192.0.2.1', anna, '/api/v1/policies')).toEqual([403, 403, 403, 429])
    expect(await ask(1, '192.0.2.1', anna)).toEqual([429])
  })

  it('says when to ask again', async () => {
    await ask(3, '192.0.2.9')
    const { headers } = await app.inject({ url: BASE, remoteAddress: '192.0.2.9' })
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(headers['content-type']).toContain('application/problem+json')
  })
})

describe('an error of the service', () => {
  it.each<[FaultCode, number, string | undefined]>([
    ['store-unavailable', 503, '5'],
    ['internal', 500, '60'],
    ['disk-full', 507, '60'],
    ['next-hop-unreachable', 502, '60'],
    ['config-missing', 500, undefined],
    ['blob-damaged', 500, undefined],
    ['request-invalid', 400, undefined],
  ])('%s is %i; when to ask again: %s', async (code, status, after) => {
    const app = fastify() as unknown as App
    errors(app, silentLog)
    app.get('/', () => {
      throw new Fault(code)
    })
    const { statusCode, headers } = await app.inject({ url: '/' })
    await app.close()
    expect([statusCode, headers['retry-after']]).toEqual([status, after])
  })
})
