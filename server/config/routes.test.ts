import { expect, it } from 'vitest'
import { tenantSchema } from './tenant-schema.ts'
import { route } from './values.ts'

const read = (text: string) => {
  const result = route().safeParse(text)
  return result.success ? result.data : result.error.issues[0]!.message
}

it.each([
  ['smtp://mx.example', { host: 'mx.example', port: 25, tls: 'opportunistic', connections: 10 }],
  ['mx:', { host: '', port: 25, tls: 'opportunistic', connections: 10, mx: true }],
  ['mx:?tls=verified&connections=3', { host: '', port: 25, tls: 'verified', connections: 3, mx: true }],
  [
    'smtp://a.example:2525?with=b.example&then=c.example:26&then=[::1]:27',
    {
      host: 'a.example',
      port: 2525,
      tls: 'opportunistic',
      connections: 10,
      others: [
        { host: 'b.example', port: 25, preference: 0 },
        { host: 'c.example', port: 26, preference: 1 },
        { host: '::1', port: 27, preference: 2 },
      ],
    },
  ],
  ['mx://host.example', 'not a URL of smtp or smtps, or mx:'],
  ['smtp:', 'not a URL of smtp or smtps, or mx:'],
  ['mx:?then=b.example', 'unknown option then'],
  ['smtp://a.example?then=user@b.example', 'then is a host, or host:port'],
])('%s', (text, expected) => {
  expect(read(text)).toEqual(expected)
})

it('reads routes by domain: exact, below a domain, the rest', () => {
  const read = (routeByDomain: unknown) =>
    tenantSchema.safeParse({ id: 'a', name: 'A', domains: ['a.example'], routeByDomain }).data?.routeByDomain
  expect(
    read({ 'Bücher.example': 'books', '*.Partner.example': 'partner', '*': 'internet', 'own.example': '' }),
  ).toEqual({
    'xn--bcher-kva.example': 'books',
    '*.partner.example': 'partner',
    '*': 'internet',
    'own.example': '',
  })
  expect(read({ 'a*.example': 'x' })).toBeUndefined()
})
