/** Lists from a real folder and a real HTTPS server. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { decide } from '../../shared/policy/index.ts'
import { mail, recipient, ruleSet, rules } from '../../test/support/policy.ts'
import { listReader } from '../platform/lists/reader.ts'
import type { ListAccess } from '../ports/lists.ts'
import { silentLog } from '../ports/log.ts'
import { PolicyLists } from './lists.ts'
import { PolicyRegistry } from './registry.ts'

const id = tenantId('demo')
const HOUR = 3_600_000

let folder: string
let ca: string
let server: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
const asked: (string | undefined)[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'secflow-lists-'))
  const at = (name: string) => path.join(folder, name)
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', at('key.pem'), '-out', at('ca.pem')],
  ])
  ca = await readFile(at('ca.pem'), 'utf8')
  server = createServer({ key: await readFile(at('key.pem')), cert: ca }, (request, response) => {
    asked.push(request.headers['if-none-match'])
    answer(request, response)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

const host = () => `localhost:${(server.address() as AddressInfo).port}`

let now: number
let failed: Readonly<Record<string, unknown>>[]
let lists: string
beforeEach(async () => {
  now = Date.parse('2026-03-02T10:00:00Z')
  failed = []
  asked.length = 0
  lists = await mkdtemp(path.join(folder, 'l'))
})
afterEach(() => rm(lists, { recursive: true }))

/** A gateway whose one rule rejects mail to the domains of a list. */
function gateway(from: string, access: Partial<ListAccess> = {}) {
  const registry = new PolicyRegistry()
  const note = (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
    if (event === 'policy.list-failed') failed.push(fields)
  }
  const reader = listReader({
    directory: lists,
    http: { hosts: [host()], ca: [ca], timeoutMs: 2_000 },
    ldap: {},
    ...access,
  })
  const clock = { now: () => now }
  const keeper = new PolicyLists(
    { registry, clock, log: { ...silentLog, warn: note, error: note }, reader: () => reader },
    [id],
  )
  registry.load(id, [
    ruleSet(
      `  lists: {l: {type: domain, from: ${from}, refresh: 1h, maxAge: 3h}}\n${rules('{id: r, when: {recipient.domain: {inList: l}}, then: [{reject: {text: no}}]}')}`,
    ),
  ])
  return {
    look: () => keeper.look(),
    outcome: (domain: string) =>
      decide(registry.active(id), {
        ...mail({ recipients: [recipient({ domain, address: `a@${domain}` })] }),
        time: new Date(now).toISOString(),
      }).recipients[0]?.outcome,
    version: () => decide(registry.active(id), { ...mail(), time: new Date(now).toISOString() }).lists?.['tenant/l'],
  }
}
const write = (text: string, name = 'p.txt') => writeFile(path.join(lists, name), text)

describe('a list from a file', () => {
  it('counts as soon as it was read, and is renewed', async () => {
    await write('# partners\r\nx.example\n\n  *.y.example \n')
    const one = gateway('{file: p.txt}')
    expect(one.outcome('x.example')).toBe('defer')
    await one.look()
    expect(['x.example', 'a.y.example', 'z.example'].map(one.outcome)).toEqual(['reject', 'reject', 'deliver'])
    const before = one.version()
    await write('["z.example"]')
    await one.look()
    expect(one.outcome('z.example')).toBe('deliver')
    now += HOUR
    await one.look()
    expect(['x.example', 'z.example'].map(one.outcome)).toEqual(['deliver', 'reject'])
    expect(one.version()).not.toBe(before)
  })
  it('that goes away stays for maxAge, then is unknown: mail waits rather than pass', async () => {
    await write('x.example\n')
    const one = gateway('{file: p.txt}')
    await one.look()
    await rm(path.join(lists, 'p.txt'))
    now += HOUR
    await one.look()
    expect([one.outcome('x.example'), one.outcome('z.example')]).toEqual(['reject', 'deliver'])
    expect(failed).toMatchObject([{ code: 'effect-unreachable', unknown: false }])
    now += 2 * HOUR
    await one.look()
    expect([one.outcome('x.example'), one.outcome('z.example')]).toEqual(['defer', 'defer'])
    expect(failed.at(-1)).toMatchObject({ unknown: true })
    await write('z.example\n')
    now += 60_000
    await one.look()
    expect(one.outcome('z.example')).toBe('reject')
  })
  it('with an entry that is no domain is refused as a whole', async () => {
    await write('x.example\n')
    const one = gateway('{file: p.txt}')
    await one.look()
    await write('<html>not found</html>\n')
    await utimes(path.join(lists, 'p.txt'), 1, 1)
    now += HOUR
    await one.look()
    expect(one.outcome('x.example')).toBe('reject')
    expect(failed).toMatchObject([{ code: 'effect-refused' }])
  })
  it('never leads out of its folder', async () => {
    await mkdir(path.join(lists, 'sub'))
    await symlink(path.join(folder, 'ca.pem'), path.join(lists, 'sub', 'out.txt'))
    const one = gateway('{file: sub/out.txt}')
    await one.look()
    expect(failed).toMatchObject([{ code: 'effect-refused', detail: expect.stringContaining('leads out') }])
    expect(one.outcome('x.example')).toBe('defer')
  })
})

describe('a list over HTTPS', () => {
  const from = () => `{http: "https://${host()}/p.txt"}`
  it('is asked for with its ETag, and an unchanged one is good for longer', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end()
      else response.writeHead(200, { etag: '"1"' }).end('x.example\n')
    }
    const one = gateway(from())
    for (let i = 0; i < 4; i++) {
      await one.look()
      now += HOUR
    }
    expect(asked).toEqual([undefined, '"1"', '"1"', '"1"'])
    expect(one.outcome('x.example')).toBe('reject')
  })
  it.each([
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: 'https://evil.example/' }).end()],
    ['an error', (response: ServerResponse) => response.writeHead(500).end('x.example')],
    ['a hint that nothing changed, unasked', (response: ServerResponse) => response.writeHead(304).end()],
    [
      'more than a list has',
      (response: ServerResponse) => {
        response.writeHead(200)
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, 'a\n')));
        }
        response.on('drain', more)
        more()
      },
    ],
    ['silence', () => {}],
    [
      'half a list',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-length': '99' }).write('x.example\n', () => response.destroy()),
    ],
    [
      'a switch to another protocol',
      ({ socket }: ServerResponse) => socket?.end('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    ],
  ])('that comes as %s is none', async (_what, reply) => {
    answer = (_request, response) => void reply(response)
    const one = gateway(from())
    await one.look()
    expect(failed).toHaveLength(1)
    expect(one.outcome('x.example')).toBe('defer')
  })
  it('comes from allowed hosts with a certificate that is trusted, and from no others', async () => {
    answer = (_request, response) => void response.writeHead(200).end('x.example\n')
    for (const http of [
      { hosts: [], ca: [ca] },
      { hosts: ['localhost'], ca: [ca] },
      { hosts: [host()], ca: [] },
    ]) {
      const one = gateway(from(), { http })
      await one.look()
      expect(one.outcome('x.example')).toBe('defer')
    }
    expect(asked).toEqual([])
    expect(failed.map(({ code }) => code)).toEqual(['effect-refused', 'effect-refused', 'effect-unreachable'])
  })
})
