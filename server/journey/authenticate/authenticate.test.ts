import type { Answer } from 'dns-packet'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startNameServer, type Told } from '../../../test/support/name-server.ts'
import { indexMime } from '../../mime/index-mime.ts'
import { createResolver } from '../../platform/dns/resolver.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { type Authenticate, createAuthenticator } from './authenticate.ts'

const txt = (name: string, ...texts: string[]): [string, Told] => [
  `TXT ${name}`,
  { answers: texts.map((text) => ({ type: 'TXT', name, data: [text], ttl: 60 }) as Answer) },
]
const a = (name: string, data: string): [string, Told] => [
  `A ${name}`,
  { answers: [{ type: 'A', name, data, ttl: 60, class: 'IN' }] },
]

let names: Awaited<ReturnType<typeof startNameServer>>
let verify: Authenticate
let hasty: Authenticate

beforeAll(async () => {
  names = await startNameServer(
    Object.fromEntries([
      txt('pass.example', 'v=spf1 ip4:192.0.2.0/24 -all'),
      txt('soft.example', 'v=spf1 ~all'),
      txt('two.example', 'v=spf1 -all', 'v=spf1 +all'),
      txt('circle.example', 'v=spf1 include:circle.example -all'),
      txt('mx.example', 'v=spf1 mx -all'),
      [
        'MX mx.example',
        {
          answers: [{ type: 'MX', name: 'mx.example', data: { preference: 1, exchange: 'host.mx.example' }, ttl: 60 }],
        },
      ],
      a('host.mx.example', '192.0.2.1'),
      txt('ptr.example', 'v=spf1 ptr -all'),
      [
        'PTR 1.2.0.192.in-addr.arpa',
        { answers: [{ type: 'PTR', name: '1.2.0.192.in-addr.arpa', data: 'host.ptr.example', ttl: 60 }] },
      ],
      a('host.ptr.example', '192.0.2.1'),
      ['TXT shaky.example', { rcode: 'SERVFAIL' }],
      // RFC 9989: the organisation is found by walking up, a subdomain inherits sp, one that is not there np.
      txt('_dmarc.org.example', 'v=DMARC1; p=reject; sp=quarantine; np=none'),
      a('sub.org.example', '192.0.2.9'),
      txt('_dmarc.strict.example', 'v=DMARC1; p=quarantine; aspf=s; adkim=s'),
      txt('mail.strict.example', 'v=spf1 ip4:192.0.2.0/24 -all'),
      txt('mail.org.example', 'v=spf1 ip4:192.0.2.0/24 -all'),
      txt('_dmarc.test.example', 'v=DMARC1; p=reject; t=y'),
    ]),
  )
  const resolver = createResolver({ servers: [names.server], tryMs: 200, deadlineMs: 1_000 })
  verify = createAuthenticator({ resolver, name: 'mx.reader.example' })
  hasty = createAuthenticator({ resolver, name: 'mx.reader.example', mailMs: 2_500 })
})
afterAll(() => names.close())

async function facts(mailFrom: string, from: string, { by = verify, mail = '', peer = '192.0.2.1' } = {}) {
  const source = bytesOf(Buffer.from(mail || `From: ${from}\r\nSubject: x\r\n\r\ntext\r\n`))
  const index = await indexMime(source)
  return (await by({ source, index, mailFrom, origin: { peer, helo: 'client.pass.example' } })).facts
}

it.each([
  ['a server that is named', 'a@pass.example', 'pass'],
  ['one that is only frowned on', 'a@soft.example', 'softfail'],
  ['a mail host of the domain', 'a@mx.example', 'pass'],
  ['a host by its reverse name', 'a@ptr.example', 'pass'],
  ['a domain that says nothing', 'a@nothing.example', 'none'],
  ['a domain that says two things', 'a@two.example', 'permerror'],
  ['a record that includes itself', 'a@circle.example', 'permerror'],
  ['name servers that fail', 'a@shaky.example', 'temperror'],
])('SPF of %s', async (_what, sender, spf) => {
  expect((await facts(sender, sender)).spf).toBe(spf)
})

it('SPF of a server that is not named', async () => {
  expect((await facts('a@pass.example', 'a@pass.example', { peer: '198.51.100.1' })).spf).toBe('fail')
})

it.each([
  ['the domain itself, without SPF and DKIM', 'x@elsewhere.example', 'a@org.example', 'fail', 'reject'],
  ['a subdomain under its organisation', 'x@elsewhere.example', 'a@sub.org.example', 'fail', 'quarantine'],
  ['a subdomain that does not exist', 'x@elsewhere.example', 'a@ghost.org.example', 'fail', 'none'],
  ['an aligned sender below the same organisation', 'x@mail.org.example', 'a@org.example', 'pass', 'reject'],
  ['a sender below it where it has to be exact', 'x@mail.strict.example', 'a@strict.example', 'fail', 'quarantine'],
  ['a domain that only tries its policy', 'x@elsewhere.example', 'a@test.example', 'fail', 'quarantine'],
  ['a domain without a policy', 'a@pass.example', 'a@pass.example', 'none', null],
  ['two authors of two domains', 'x@elsewhere.example', 'a@org.example, b@test.example', 'permerror', null],
])('DMARC of %s', async (_what, sender, from, dmarc, dmarcPolicy) => {
  expect(await facts(sender, from)).toMatchObject({ dmarc, dmarcPolicy })
})

it('nothing is lost, nor passed as good, by a mail that takes for ever; others of the same time are told right', async () => {
  const signature = (at: number) =>
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=d${at}.example; s=s; h=from; l=${at}; bh=AAAA; b=BBBB\r\n`
  const costly = `${Array.from({ length: 30 }, (_, at) => signature(at)).join('')}From: a@org.example\r\n\r\n${' \t\r\n'.repeat(3_000_000)}`
  const began = performance.now()
  const [late, ...others] = await Promise.all([
    facts('x@elsewhere.example', '', { by: hasty, mail: costly }),
    facts('a@pass.example', 'a@pass.example', { by: hasty }),
    facts('x@mail.org.example', 'a@org.example', { by: hasty }),
  ])
  expect(late).toMatchObject({ dkim: 'permerror', spf: 'none', dmarc: 'fail', dmarcPolicy: 'reject', arc: 'temperror' })
  expect(others).toMatchObject([{ spf: 'pass', dkim: 'none' }, { dmarc: 'pass' }])
  expect(performance.now() - began).toBeLessThan(15_000)
}, 30_000)

it('asks for no more than ten signatures', async () => {
  const many = Array.from(
    { length: 40 },
    (_, at) => `DKIM-Signature: v=1; a=rsa-sha256; d=n${at}.many.example; s=s; h=from; bh=AAAA; b=BBBB\r\n`,
  ).join('')
  await facts('', '', { mail: `${many}From: a@pass.example\r\n\r\ntext\r\n` })
  expect(names.asked.filter((question) => question.endsWith('.many.example')).length).toBeLessThanOrEqual(10)
})
