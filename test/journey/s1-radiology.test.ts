/** Radiology: a CT series of 120 MB leaves as links, signed, while the server stays small. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { demoFiles } from '../../server/demo/tenant.ts'
import { fieldNames, lastMailTo, linkIn } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type SentScenario, scenarioOf, sendScenario } from '../support/scenario.ts'
import { visitor } from '../support/visitor.ts'

const MB = 1_000_000
const RSS_LIMIT = 250 * MB

let gateway: Gateway
let mail: SentScenario
let delivered: string
const peak = { start: 0, delivered: 0 }

beforeAll(async () => {
  gateway = await startGateway()
  peak.start = gateway.peakRss()
  const fields = [
    ['X-Internal-Ticket', 'RAD-17'],
    ['X-Demo-Case', 'series'],
    ['X-Secflow-Classification', 'internal'],
  ] as const
  mail = await sendScenario(gateway, { ...scenarioOf('S1'), fields })
  peak.delivered = gateway.peakRss()
  delivered = await lastMailTo(gateway.sink, 'radiologie@uniklinik.example')
})
afterAll(() => gateway?.[Symbol.asyncDispose]())

it('takes a mail with 120 MB of DICOM and delivers one of a few kilobytes', () => {
  expect(mail.size).toBeGreaterThan(160 * MB)
  expect(mail.hashes.size).toBe(240)
  expect(mail.recipients.map(({ address, state }) => ({ address, state }))).toEqual([
    { address: 'radiologie@uniklinik.example', state: 'delivered' },
  ])
  expect(mail.recipients[0]?.receipt?.rules).toContain('dicom-filelink')
  expect(statSync(delivered).size).toBeLessThan(200_000)
})

it('signs what it delivers: openssl verifies it against the CA of the tenant', () => {
  const verify = (...more: string[]) =>
    execFileSync('openssl', ['cms', '-verify', '-in', delivered, '-out', '/dev/null', ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  verify('-CAfile', demoFiles(gateway.folder).ca)
  expect(
    () => verify('-CAfile', demoFiles(gateway.folder).peer('cert@partner.example').certificate),
    'another trust anchor',
  ).toThrow()
})

it('leaves nothing in the header that steers or that is internal', () => {
  expect(fieldNames(delivered).filter((name) => /^x-(secflow|internal|demo)/.test(name))).toEqual([])
})

it('gives every file back byte for byte, whole and from the middle', async () => {
  const link = await linkIn(delivered)
  const { text } = await visitor(link).get()
  const files = new Map(
    [...text.matchAll(/href="([^"]+\/files\/[^"/]+)" aria-label="[^"]*?(IM\d{4}\.dcm)"/g)].map(
      ([, path = '', name = '']) => [name, path],
    ),
  )
  expect([...files.keys()].sort()).toEqual([...mail.hashes.keys()].sort())
  for (const [name, path] of files) {
    const hash = createHash('sha256')
    const response = await visitor(link).open(path)
    for await (const chunk of response.body ?? []) hash.update(chunk as Uint8Array)
    expect(hash.digest('hex'), name).toBe(mail.hashes.get(name))
  }
  const one = files.get('IM0120.dcm')!
  const whole = Buffer.from(await (await visitor(link).open(one)).arrayBuffer())
  const part = await visitor(link).open(one, { range: 'bytes=100000-299999' })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe(`bytes 100000-299999/${whole.length}`)
  expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(100_000, 300_000))).toBe(true)
  const resumed = await visitor(link).open(one, { range: `bytes=${whole.length - 17}-` })
  expect(Buffer.from(await resumed.arrayBuffer()).equals(whole.subarray(-17))).toBe(true)
  expect((await visitor(link).open(one, { range: `bytes=${whole.length}-` })).status).toBe(416)
})

it(`keeps the server below ${RSS_LIMIT / MB} MB from the start to the last download`, () => {
  const figures = { ...peak, downloaded: gateway.peakRss() }
  console.info(
    'peak RSS, MB:',
    JSON.stringify(Object.fromEntries(Object.entries(figures).map(([when, bytes]) => [when, Math.round(bytes / MB)]))),
  )
  expect(figures.downloaded).toBeLessThan(RSS_LIMIT)
})
