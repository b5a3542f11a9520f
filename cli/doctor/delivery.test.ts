import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Config } from '../../server/config.ts'
import type { Route } from '../../server/ports/transport.ts'
import { startUnbound } from '../../test/support/unbound.ts'
import { checkDelivery } from './delivery.ts'

let unbound: Awaited<ReturnType<typeof startUnbound>>
beforeAll(async () => {
  unbound = await startUnbound([
    { name: 'signed.example', signed: true, records: [] },
    {
      name: 'plain.example',
      signed: false,
      records: ['_mta-sts IN TXT "v=STSv1; id=1"', 'mta-sts IN A 127.0.0.1', '@ IN MX 10 mx'],
    },
  ])
}, 30_000)
afterAll(() => unbound.stop())

const route: Route = { name: '', host: 'relay.example', port: 25, tls: 'opportunistic', connections: 1 }
function config(dns: Config['dns'], relay: Partial<Route>, domain = 'signed.example'): Config {
  return { dns, relay: { ...route, ...relay }, tenants: [{ routes: {}, domains: [domain] }] } as unknown as Config
}
const validating = () => ({ servers: [unbound.server], validating: true })

test('says why DANE is off, and asks for more only where mail goes by MX', async () => {
  const none = { servers: [], validating: false }
  expect(await checkDelivery(config(none, {}))).toEqual([
    { check: 'dane', status: 'ok', text: 'DANE is off: no name server is configured; no route needs it' },
  ])
  const [dane] = await checkDelivery(config({ servers: [unbound.server], validating: false }, { mx: true }))
  expect(dane).toMatchObject({ status: 'warning', text: `DANE is off: nothing says that ${unbound.server} validates` })
})

test('believes a resolver that validates, and no other', async () => {
  expect((await checkDelivery(config(validating(), {}), 'signed.example'))[0]).toMatchObject({
    status: 'ok',
    text: `DANE is on: ${unbound.server} validates`,
  })
  expect((await checkDelivery(config(validating(), {}), 'plain.example'))[0]).toMatchObject({ status: 'error' })
  const nobody = { servers: ['127.0.0.1:9'], validating: true }
  expect((await checkDelivery(config(nobody, {})))[0]).toMatchObject({
    status: 'error',
    mend: expect.stringContaining('start the resolver'),
  })
})

test('looks at the MTA-STS policy of the own domains', async () => {
  const [, without] = await checkDelivery(config(validating(), { mx: true }), 'signed.example')
  expect(without).toMatchObject({
    check: 'mta-sts signed.example',
    status: 'ok',
    text: 'no MTA-STS policy is published',
  })
  const [, unreachable] = await checkDelivery(config(validating(), { mx: true }, 'plain.example'), 'signed.example')
  expect(unreachable).toMatchObject({ check: 'mta-sts plain.example', status: 'warning' })
})
