import { expect, it } from 'vitest'
import type { Route } from '../ports/transport.ts'
import { lanesOf, legsOf, routeOf } from './route-of.ts'

const route = (name: string, more: Partial<Route> = {}): Route => ({
  name,
  host: `${name || 'relay'}.test`,
  port: 25,
  tls: 'opportunistic',
  connections: 5,
  ...more,
})
const tenant = {
  routes: {
    '': route(''),
    partner: route('partner'),
    health: route('health'),
    internet: route('internet', { mx: true }),
  },
  routeByDomain: {
    'partner.example': 'partner',
    '*.health.example': 'health',
    '*.clinic.health.example': 'partner',
    '*': 'internet',
    'own.example': '',
  },
}

it.each([
  ['a@partner.example', 'partner'],
  ['a@PARTNER.Example', 'partner'],
  ['a@sub.partner.example', 'internet'],
  ['a@x.health.example', 'health'],
  ['a@y.x.health.example', 'health'],
  ['a@health.example', 'internet'],
  ['a@a.clinic.health.example', 'partner'],
  ['a@own.example', ''],
  ['a@constructor', 'internet'],
])('%s goes by %j', (address, expected) => {
  expect(routeOf(tenant, '', address).name).toBe(expected)
})

it('what the policy chose stands above the domain', () => {
  expect(routeOf(tenant, 'health', 'a@partner.example').name).toBe('health')
  expect(() => routeOf(tenant, 'gone', 'a@partner.example')).toThrow('route-unknown')
})

it('parts recipients by next hop, and those of MX delivery by domain', () => {
  const recipients = [
    'a@partner.example',
    'b@one.example',
    'c@two.example',
    'd@one.example',
    'e@partner.example',
    'f@bücher.example',
  ]
  expect(legsOf(tenant, '', recipients).map(({ lane, recipients: list }) => [lane, list])).toEqual([
    ['partner', ['a@partner.example', 'e@partner.example']],
    ['one.example', ['b@one.example', 'd@one.example']],
    ['two.example', ['c@two.example']],
    ['xn--bcher-kva.example', ['f@bücher.example']],
  ])
  expect(lanesOf(tenant, 'gone', recipients)).toEqual([{ lane: 'gone', recipients }])
})
