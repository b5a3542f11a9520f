/** Mail goes by its recipient's domain: to a partner's server with checked TLS, to nowhere with a null MX, and says how it went. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { testAuthority } from '../support/certificate.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { startNameServer } from '../support/name-server.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const authority = testAuthority()
let partner: Awaited<ReturnType<typeof startSmtpServer>>
let spare: Awaited<ReturnType<typeof startSmtpServer>>
let names: Awaited<ReturnType<typeof startNameServer>>
let sink: Sink
let tenant: OwnTenant
let gateway: Gateway

beforeAll(async () => {
  const { key, chain } = authority.issue(['localhost'])
  partner = await startSmtpServer({ tls: { key, cert: chain } })
  spare = await startSmtpServer()
  names = await startNameServer({
    'MX nothing.example': {
      answers: [{ type: 'MX', name: 'nothing.example', data: { preference: 0, exchange: '.' }, ttl: 60 }],
    },
    'MX shaky.example': { rcode: 'SERVFAIL' },
  })
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  sink = await openSink({ directory: `${tenant.folder}/boxes`, smtpPort: 0, httpPort: 0 })
  const settings = tenant.settings({
    routes: {
      partner: `smtp://localhost:${partner.port}?tls=verified`,
      pair: `smtp://127.0.0.1:1?then=127.0.0.1:${spare.port}`,
      internet: 'mx:',
    },
    routeByDomain: {
      'partner.example': 'partner',
      '*.pair.example': 'pair',
      'nothing.example': 'internet',
      'shaky.example': 'internet',
      'gone.example': 'internet',
    },
  })
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: { ...settings, dns: { servers: [names.server] }, delivery: { ca: authority.cert } },
  })
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await Promise.all([sink?.close(), partner?.close(), spare?.close(), names?.close()])
  tenant?.[Symbol.dispose]()
  authority[Symbol.dispose]()
})

async function sent(...to: string[]) {
  const mail = plainMail({ from: AUTHOR, to: to.join(', ') })
  return (await submit(gateway.smtpPort, { from: AUTHOR, to, mail, password: gateway.password(AUTHOR) })).id
}

it('takes each recipient by the route of his domain, and bounces what has none', async () => {
  const id = await sent(
    'a@partner.example',
    'b@x.pair.example',
    'c@nothing.example',
    'd@gone.example',
    'e@else.example',
  )
  const rows = await gateway.settled(id)
  const state = Object.fromEntries(
    rows.map(({ address, state, detail }) => [address[0], `${state} ${detail.slice(0, 10)}`]),
  )
  expect(state).toMatchObject({
    a: 'delivered 250 2.0.0 ',
    b: 'delivered 250 2.0.0 ',
    c: 'failed 556 5.1.10',
    d: 'failed 550 5.1.2 ',
    e: expect.stringMatching(/^delivered/),
  })
  expect(partner.received[0]).toMatchObject({ to: ['a@partner.example'] })
  expect(spare.received[0]).toMatchObject({ to: ['b@x.pair.example'] })

  await using records = await gateway.records()
  const audit = await records.read.audit({ limit: 200 })
  const of = (recipient: string) =>
    audit.find(({ type, detail }) => type === 'recipient.delivered' && detail.recipient === recipient)
  expect(of('a@partner.example')?.detail).toMatchObject({
    tls: 'TLSv1.3',
    session: { host: 'localhost', port: partner.port, level: 'verified', by: 'name', policy: 'verified' },
  })
  expect(of('b@x.pair.example')?.detail.session).toMatchObject({
    address: '127.0.0.1',
    port: spare.port,
    level: 'none',
  })
  const receipt = rows.find(({ address }) => address.startsWith('a@'))?.receipt
  expect(receipt?.layers.at(-1)).toMatch(/^TLSv1\.3, TLS_\w+, next hop verified by name and authority$/)
}, 60_000)

it('defers while the name service gives no answer', async () => {
  const id = await sent('f@shaky.example')
  await using records = await gateway.records()
  for (let wait = 0; wait < 300; wait++) {
    const [row] = await records.read.recipients(id as Parameters<typeof records.read.recipients>[0])
    if (row?.state === 'deferred') {
      expect(row.detail).toMatch(/^451 4\.4\.3 /)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect.unreachable('it was not deferred')
}, 60_000)
