import { expect, it } from 'vitest'
import type { Config } from '../../server/config.ts'
import { checkProxies } from './proxy.ts'

const config = (proxyFrom: string[]) =>
  ({
    smtp: { proxyFrom },
    tenants: [{ id: 'acme', relays: [{ name: 'exchange', cidr: ['192.0.2.0/28'] }] }],
  }) as unknown as Pick<Config, 'smtp' | 'tenants'>

it('says which relay would be taken for a load balancer', () => {
  expect(checkProxies(config([]))).toEqual([])
  expect(checkProxies(config(['198.51.100.7']))).toMatchObject([{ status: 'ok' }])
  expect(checkProxies(config(['192.0.2.0/24']))).toMatchObject([
    { status: 'warning', text: expect.stringContaining('acme/exchange') },
  ])
})
