/** Where mail goes and how safely: MX, DANE and MTA-STS against a validating unbound with a zone we signed, HTTPS and Postfix. */
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readTlsDay } from '../../server/platform/smtp/tls-ledger.ts'
import { createSmtpTransport, type SmtpTransportOptions } from '../../server/platform/smtp/transport.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { silentLog } from '../../server/ports/log.ts'
import type { Route, TransportResult } from '../../server/ports/transport.ts'
import type { Envelope } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { selfSigned, testAuthority } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { startPostfix } from '../support/postfix.ts'
import { type Script, startSmtpServer } from '../support/smtp-server.ts'
import { startUnbound } from '../support/unbound.ts'

const MAIL = 'Subject: x\r\n\r\nHello\r\n'
const authority = testAuthority()
const stranger = selfSigned('elsewhere.test')
const named = (...names: string[]) => {
  const { key, chain } = authority.issue(names)
  return { key, cert: chain }
}
const spki = (pem: string) =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')

const nowhere = 'aa'.repeat(32)
const broken = 'ab'.repeat(32)
let port: number
let unbound: Awaited<ReturnType<typeof startUnbound>>
let policyHost: Server
let policyPort: number
/** What the policy host answers, by domain. */
const policies = new Map<string, { status?: number; type?: string; body: string; location?: string }>()
let fetched: string[] = []

beforeAll(async () => {
  port = await freePort()
  const tlsa = (host: string, data: string) => `_${port}._tcp.${host} IN TLSA ${data}`
  const domain = (name: string, ...hosts: string[]) => hosts.map((host) => `${name} IN MX 10 ${host}`)
  const sts = (name: string) => [`_mta-sts.${name} IN TXT "v=STSv1; id=20261123T1;"`, `mta-sts.${name} IN A 127.0.0.1`]
  unbound = await startUnbound([
    {
      name: 'signed.example',
      signed: true,
      spoil: [[broken, nowhere]],
      records: [
        ...['ee', 'wrong', 'ta', 'tawrong', 'pkix', 'bogus', 'mx'].map((host) => `${host} IN A 127.0.0.1`),
        ...['ee', 'wrong', 'ta', 'tawrong', 'pkix', 'bogus'].flatMap((host) => domain(`${host}.d`, host)),
        tlsa('ee', `3 1 1 ${spki(stranger.cert)}`),
        tlsa('wrong', `3 1 1 ${nowhere}`),
        tlsa('ta', `2 1 1 ${spki(authority.cert)}`),
        tlsa('tawrong', `2 1 1 ${spki(authority.cert)}`),
        tlsa('pkix', `1 1 1 ${spki(stranger.cert)}`),
        tlsa('bogus', `3 1 1 ${broken}`),
        ...domain('alias.d', 'alias'),
        'alias IN CNAME ee',
        ...domain('plain.d', 'mx'),
        ...domain('both.d', 'ee'),
        ...sts('both.d'),
        ...domain('sts.d', 'mx'),
        ...sts('sts.d'),
      ],
    },
    {
      name: 'plain.example',
      signed: false,
      records: [
        'mx IN A 127.0.0.1',
        'two IN A 127.0.0.2',
        'three IN A 127.0.0.3',
        tlsa('mx', `3 1 1 ${nowhere}`),
        ...domain('d', 'mx'),
        'null.d IN MX 0 .',
        'implicit.d IN A 127.0.0.1',
        'order.d IN MX 5 three',
        'order.d IN MX 10 mx',
        'loop.d IN MX 5 gateway',
        'loop.d IN MX 10 mx',
        'backup.d IN MX 5 two',
        'backup.d IN MX 10 gateway',
        'gateway IN A 127.0.0.9',
        'dead.d IN MX 5 nowhere',
        'none.d IN TXT "no mail here"',
        ...['sts', 'fake', 'other', 'open', 'test', 'gone', 'away', 'html', 'cache'].flatMap((name) => [
          ...domain(`${name}.s`, 'mx'),
          ...sts(`${name}.s`),
        ]),
      ],
    },
  ])
  const hosts = ['sts', 'fake', 'other', 'open', 'test', 'gone', 'away', 'html', 'cache'].map(
    (name) => `mta-sts.${name}.s.plain.example`,
  )
  policyHost = createServer(
    named(...hosts, 'mta-sts.both.d.signed.example', 'mta-sts.sts.d.signed.example'),
    (request, response) => {
      const name = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^mta-sts\./, '')
      fetched.push(name)
      const one = policies.get(name)
      response.writeHead(one ? (one.status ?? 200) : 404, {
        'content-type': one?.type ?? 'text/plain; charset=utf-8',
        ...(one?.location ? { location: one.location } : {}),
      })
      response.end(one?.body ?? '')
    },
  )
  await new Promise<void>((resolve) => policyHost.listen(0, '127.0.0.1', resolve))
  policyPort = (policyHost.address() as AddressInfo).port
}, 60_000)

afterAll(async () => {
  policyHost?.closeAllConnections()
  policyHost?.close()
  await unbound?.stop()
  authority[Symbol.dispose]()
})

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  policies.clear()
  fetched = []
})

async function serve(script: Script = {}, host = '127.0.0.1') {
  const server = await startSmtpServer(script, { host, port })
  closers.push(server.close)
  return server
}

function stateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'secflow-tls-state-'))
  closers.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

interface Sending {
  readonly route?: Partial<Route>
  readonly options?: Partial<SmtpTransportOptions>
  readonly envelope?: Partial<Envelope>
}

/** Sends to `a@domain` by MX; answers the fate in a line. */
async function send(domain: string, { route, options, envelope }: Sending = {}) {
  const transport = createSmtpTransport({
    name: 'gateway.plain.example',
    log: silentLog,
    dns: { servers: [unbound.server], validating: true, tryMs: 1_000 },
    sts: { ca: authority.cert, port: policyPort, allowPrivate: true },
    tlsOptions: { ca: authority.cert },
    own: { loopback: false, addresses: ['127.0.0.9'] },
    timeouts: { connectMs: 2_000, greetingMs: 2_000, commandMs: 2_000 },
    ...options,
  })
  const to: Route = { name: 'internet', host: '', port, tls: 'opportunistic', connections: 2, mx: true, ...route }
  const mail: Envelope = {
    mailFrom: 'ann@acme.example',
    recipients: [{ address: `a@${domain}` }],
    body: '7BIT',
    smtputf8: false,
    requireTls: false,
    ...envelope,
  }
  try {
    const result = await transport.send(to, mail, bytesOf(Buffer.from(MAIL)))
    return { fate: fateOf(result), result }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { fate: `${error.code}${error.detail ? `: ${error.detail}` : ''}`, result: null }
  } finally {
    await transport.close()
  }
}

function fateOf({ recipients, hop }: TransportResult): string {
  const { status, reply } = recipients[0]!
  if (status !== 'accepted') return `${status} ${reply.slice(0, 11).trim()}`
  return `delivered ${hop!.level}${hop!.by ? ` by ${hop!.by}` : ''} (${hop!.policy})`
}

const mailSent = (server: { lines: string[] }) => server.lines.some((line) => /^(MAIL|RCPT|DATA)/.test(line))

describe('DANE (RFC 7672)', () => {
  it.each<[string, string, Script, string]>([
    ['a key that fits, whatever the names', 'ee.d', { tls: stranger }, 'delivered verified by dane (dane)'],
    ['a key behind an alias', 'alias.d', { tls: stranger }, 'delivered verified by dane (dane)'],
    [
      'an authority that the server sends, and its name',
      'ta.d',
      { tls: named('ta.signed.example') },
      'delivered verified by dane (dane)',
    ],
    ['no usable record: any TLS', 'pkix.d', { tls: stranger }, 'delivered encrypted (dane, records unusable)'],
    ['no record: what is offered', 'plain.d', {}, 'delivered none (opportunistic)'],
    [
      'a signed name and a certificate for it, where verified is wanted',
      'verified plain.d',
      { tls: named('mx.signed.example') },
      'delivered verified by name (verified)',
    ],
  ])('%s', async (_what, name, script, expected) => {
    await serve(script)
    const [domain = '', level] = name.split(' ').reverse()
    expect((await send(`${domain}.signed.example`, level ? { route: { tls: 'verified' } } : {})).fate).toBe(expected)
  })

  it.each<[string, string, Script, RegExp]>([
    ['a key that does not fit', 'wrong.d', { tls: stranger }, /^tls-required: .*certificate-not-trusted/],
    ['no TLS where a record says that there is', 'ee.d', {}, /^tls-required: no STARTTLS/],
    ['no TLS where a record that nobody can use says so', 'pkix.d', {}, /^tls-required: no STARTTLS/],
    [
      'a name that is not the server’s, below an authority',
      'tawrong.d',
      { tls: named('ee.signed.example') },
      /^tls-required: .*host-mismatch/,
    ],
    [
      'records that fail validation',
      'bogus.d',
      { tls: stranger },
      /^tls-required: the DANE records .* cannot be looked up/,
    ],
  ])('%s: deferred, and no byte of MAIL goes out', async (_what, domain, script, expected) => {
    const server = await serve(script)
    expect((await send(`${domain}.signed.example`)).fate).toMatch(expected)
    expect(mailSent(server)).toBe(false)
  })

  it('counts nothing that was not validated', async () => {
    await serve({ tls: stranger })
    expect((await send('d.plain.example')).fate).toBe('delivered encrypted (opportunistic)')
    const dns = { servers: [unbound.server] }
    expect((await send('wrong.d.signed.example', { options: { dns } })).fate).toBe(
      'delivered encrypted (opportunistic)',
    )
  })

  it('wins over MTA-STS', async () => {
    policies.set('both.d.signed.example', {
      body: 'version: STSv1\nmode: enforce\nmx: other.example\nmax_age: 86400\n',
    })
    await serve({ tls: stranger })
    expect((await send('both.d.signed.example')).fate).toBe('delivered verified by dane (dane)')
  })

  it('holds for a next hop that the operator wrote down', async () => {
    await serve({ tls: stranger })
    const route = (host: string) => ({ route: { mx: false, host } })
    expect((await send('x.example', route('ee.signed.example'))).fate).toBe('delivered verified by dane (dane)')
    expect((await send('x.example', route('wrong.signed.example'))).fate).toMatch(/^tls-required/)
  })
})

describe('MTA-STS (RFC 8461)', () => {
  const enforce = (...mx: string[]) => ({
    body: `version: STSv1\r\nmode: enforce\r\n${mx.map((one) => `mx: ${one}\r\n`).join('')}max_age: 86400\r\n`,
  })

  it('delivers to a server that the policy names, with a certificate for it', async () => {
    policies.set('sts.s.plain.example', enforce('*.plain.example'))
    await serve({ tls: named('mx.plain.example') })
    expect((await send('sts.s.plain.example')).fate).toBe('delivered verified by mta-sts (mta-sts enforce)')
  })

  it.each<[string, Script, string, RegExp]>([
    ['a certificate of nobody', { tls: stranger }, 'mx.plain.example', /certificate-not-trusted/],
    ['a certificate for another name', { tls: named('other.plain.example') }, 'mx.plain.example', /host-mismatch/],
    ['no TLS', {}, 'mx.plain.example', /no STARTTLS/],
    [
      'a server that the policy does not name',
      { tls: named('mx.plain.example') },
      '*.other.example',
      /not in the MTA-STS policy/,
    ],
  ])('%s: deferred, and no byte of MAIL goes out', async (_what, script, mx, expected) => {
    policies.set('fake.s.plain.example', enforce(mx))
    const server = await serve(script)
    expect((await send('fake.s.plain.example')).fate).toMatch(expected)
    expect(mailSent(server)).toBe(false)
  })

  it('delivers in testing mode what enforce would not, and counts it', async () => {
    policies.set('test.s.plain.example', {
      body: 'version: STSv1\nmode: testing\nmx: mx.plain.example\nmax_age: 86400\n',
    })
    await serve({ tls: stranger })
    const dir = stateDir()
    expect((await send('test.s.plain.example', { options: { stateDir: dir } })).fate).toBe(
      'delivered encrypted (mta-sts testing)',
    )
    const day = readTlsDay(join(dir, 'tls-rpt'), new Date().toISOString().slice(0, 10))
    expect(day['test.s.plain.example']).toMatchObject([
      {
        counted: { type: 'sts' },
        successes: 0,
        failures: [{ failure: { type: 'certificate-not-trusted' }, count: 1 }],
      },
    ])
  })

  it.each<[string, { status?: number; type?: string; body: string; location?: string }]>([
    [
      'is somewhere else (a redirect)',
      { status: 301, body: '', location: 'https://mta-sts.sts.s.plain.example/.well-known/mta-sts.txt' },
    ],
    ['is a web page', { type: 'text/html', ...enforce('nobody.example') }],
    ['is too long', { body: `${enforce('nobody.example').body}x: ${'x'.repeat(70_000)}` }],
    ['says nothing sensible', { body: 'mode: enforce\n' }],
  ])('goes on without a policy that %s', async (_what, policy) => {
    policies.set('away.s.plain.example', policy)
    policies.set('sts.s.plain.example', enforce('nobody.example'))
    await serve()
    const dir = stateDir()
    expect((await send('away.s.plain.example', { options: { stateDir: dir } })).fate).toBe(
      'delivered none (opportunistic)',
    )
    const day = JSON.stringify(readTlsDay(join(dir, 'tls-rpt'), new Date().toISOString().slice(0, 10)))
    expect(day).toMatch(/sts-policy-(fetch-error|invalid)/)
  })

  it('trusts no policy host without a good certificate', async () => {
    policies.set('gone.s.plain.example', enforce('nobody.example'))
    await serve()
    const sts = { port: policyPort, allowPrivate: true }
    expect((await send('gone.s.plain.example', { options: { sts } })).fate).toBe('delivered none (opportunistic)')
    const inside = { ca: authority.cert, port: policyPort }
    expect((await send('gone.s.plain.example', { options: { sts: inside } })).fate).toBe(
      'delivered none (opportunistic)',
    )
    expect(fetched).toEqual([])
  })

  it('remembers a policy over a restart, also when it cannot be fetched any more', async () => {
    const dir = stateDir()
    policies.set('cache.s.plain.example', enforce('mx.plain.example'))
    const server = await serve({ tls: named('mx.plain.example') })
    const options = { stateDir: dir }
    expect((await send('cache.s.plain.example', { options })).fate).toBe(
      'delivered verified by mta-sts (mta-sts enforce)',
    )
    expect((await send('cache.s.plain.example', { options })).fate).toBe(
      'delivered verified by mta-sts (mta-sts enforce)',
    )
    expect(fetched).toEqual(['cache.s.plain.example'])
    policies.clear()
    server.script.tls = stranger
    server.lines.length = 0
    expect((await send('cache.s.plain.example', { options })).fate).toMatch(/^tls-required/)
    expect(mailSent(server)).toBe(false)
  })
})

describe('hosts of a domain (RFC 5321 5.1)', () => {
  it.each<[string, string, string]>([
    ['a null MX', 'null.d.plain.example', 'permanent 556 5.1.10'],
    ['a domain that is not there', 'gone.plain.example', 'permanent 550 5.1.2'],
    ['a domain without address and MX', 'none.d.plain.example', 'permanent 550 5.1.2'],
    ['mail that leads back to us', 'loop.d.plain.example', 'permanent 554 5.4.6'],
    ['no dots', 'localdomain', 'permanent 550 5.1.2'],
    ['an address literal', '[127.0.0.1]', 'delivered none (opportunistic)'],
    ['no MX but an address', 'implicit.d.plain.example', 'delivered none (opportunistic)'],
    ['a first host that is down', 'order.d.plain.example', 'delivered none (opportunistic)'],
    ['an MX without address', 'dead.d.plain.example', 'next-hop-unreachable: nowhere.plain.example has no address'],
    ['a name server that fails', 'x.outside.invalid-zone.example', 'dns-unavailable'],
  ])('%s', async (_what, domain, expected) => {
    await serve()
    expect((await send(domain)).fate.startsWith(expected)).toBe(true)
  })

  it('leaves out hosts that come after ourselves, and tries those before', async () => {
    const two = await serve({}, '127.0.0.2')
    expect((await send('backup.d.plain.example')).fate).toBe('delivered none (opportunistic)')
    expect(two.received.length).toBe(1)
    await two.close()
    closers.pop()
    expect((await send('backup.d.plain.example')).fate).toMatch(/^next-hop-unreachable/)
  })

  it('goes to the next host of a smart host, and shares between equals', async () => {
    const [one, two] = [await serve({}, '127.0.0.2'), await serve({}, '127.0.0.3')]
    const route = {
      mx: false,
      host: '127.0.0.1',
      others: [
        { host: '127.0.0.2', port, preference: 1 },
        { host: '127.0.0.3', port, preference: 1 },
      ],
    }
    for (let at = 0; at < 16; at++) expect((await send('x.example', { route })).fate).toMatch(/^delivered/)
    expect(one.received.length + two.received.length).toBe(16)
    expect(Math.min(one.received.length, two.received.length)).toBeGreaterThan(0)
  })

  it('takes the next host when the first one says 421, not when it says 450 to a recipient', async () => {
    const first = await serve({ greeting: '421 4.3.2 Busy' }, '127.0.0.3')
    const second = await serve()
    expect((await send('order.d.plain.example')).fate).toBe('delivered none (opportunistic)')
    first.script.greeting = '220 hop.test'
    first.script.answer = (line) => (line.startsWith('RCPT') ? '450 4.2.1 Busy' : undefined)
    expect((await send('order.d.plain.example')).fate).toMatch(/^temporary 450 4.2.1/)
    expect(second.received.length).toBe(1)
  })
})

describe('REQUIRETLS (RFC 8689)', () => {
  const envelope = { requireTls: true }
  it.each<[string, string, Script, RegExp]>([
    ['without TLS: refused', 'd.plain.example', {}, /^permanent 550 5\.7\.30/],
    ['without the extension: refused', 'ee.d.signed.example', { tls: stranger }, /^permanent 550 5\.7\.30/],
    [
      'without proof of the server: deferred',
      'd.plain.example',
      { tls: stranger, extensions: ['REQUIRETLS'] },
      /^tls-required/,
    ],
    [
      'with all of it: delivered',
      'ee.d.signed.example',
      { tls: stranger, extensions: ['REQUIRETLS'] },
      /^delivered verified by dane/,
    ],
  ])('%s', async (_what, domain, script, expected) => {
    const server = await serve(script)
    const { fate } = await send(domain, { envelope })
    expect(fate).toMatch(expected)
    if (!fate.startsWith('delivered')) expect(mailSent(server)).toBe(false)
    else expect(server.received[0]!.mail).toContain('REQUIRETLS')
  })
})

it('Postfix takes mail by MX with TLS that DANE proves', async () => {
  const dir = stateDir()
  const { writeFileSync, chmodSync } = await import('node:fs')
  for (const [name, text] of Object.entries({ key: stranger.key, cert: stranger.cert }))
    writeFileSync(join(dir, name), text)
  chmodSync(dir, 0o755)
  const postfix = await startPostfix({
    domains: ['pf.signed.example'],
    settings: {
      smtpd_tls_security_level: 'may',
      smtpd_tls_cert_file: join(dir, 'cert'),
      smtpd_tls_key_file: join(dir, 'key'),
    },
  })
  closers.push(postfix.stop)
  const resolver = await startUnbound([
    {
      name: 'pf.signed.example',
      signed: true,
      records: ['@ IN MX 10 mx', 'mx IN A 127.0.0.1', `_${postfix.port}._tcp.mx IN TLSA 3 1 1 ${spki(stranger.cert)}`],
    },
  ])
  closers.push(resolver.stop)
  const options = { dns: { servers: [resolver.server], validating: true } }
  const { fate, result } = await send('pf.signed.example', { route: { port: postfix.port }, options })
  expect(fate).toBe('delivered verified by dane (dane)')
  expect(result!.hop).toMatchObject({ host: 'mx.pf.signed.example', address: '127.0.0.1', version: 'TLSv1.3' })
  await expect.poll(() => postfix.mails().length).toBe(1)
  expect(readFileSync(postfix.mails()[0]!, 'utf8')).toMatch(/with ESMTPS[\s\S]*Subject: x[\s\S]*\n\nHello\n$/)
}, 60_000)

it.each([
  ['BDAT, which Postfix offers', {}, true],
  ['DATA, where it does not', { smtpd_discard_ehlo_keywords: 'chunking' }, false],
])(
  'Postfix gets a large mail byte for byte by %s',
  async (_way, settings, chunked) => {
    const postfix = await startPostfix({ domains: ['pf.example'], settings: { smtputf8_enable: 'no', ...settings } })
    closers.push(postfix.stop)
    const lines: string[] = []
    const proxy = await passThrough(postfix.port, lines)
    closers.push(() => proxy.close())
    const transport = createSmtpTransport({ name: 'gateway.example', log: silentLog })
    closers.push(transport.close)
    const body = Array.from(
      { length: 30_000 },
      (_, at) => `${at % 3 === 0 ? '.' : ''}${at % 7 === 0 ? '..' : ''}line ${at}`,
    ).join('\r\n')
    const mail = `Message-ID: <1@x.example>\r\nDate: Mon, 23 Nov 2026 09:30:00 +0100\r\nFrom: a@x.example\r\nSubject: x\r\n\r\n${body}\r\n`
    const route: Route = { name: 'pf', host: '127.0.0.1', port: proxy.port, tls: 'none', connections: 1 }
    const envelope: Envelope = {
      mailFrom: 'a@x.example',
      recipients: [{ address: 'b@pf.example' }],
      body: '7BIT',
      smtputf8: false,
      requireTls: false,
    }
    for (let at = 0; at < 2; at++) {
      const { recipients } = await transport.send(route, envelope, bytesOf(Buffer.from(mail)))
      expect(recipients[0]!.reply).toMatch(/^250 2\.0\.0 Ok/)
    }
    expect(lines.some((line) => line.startsWith('BDAT'))).toBe(chunked)
    await expect.poll(() => postfix.mails().length).toBe(2)
    for (const file of postfix.mails()) {
      const text = readFileSync(file, 'latin1')
      expect(text.slice(text.indexOf('\n\n') + 2)).toBe(`${body.replaceAll('\r\n', '\n')}\n`)
    }
  },
  60_000,
)

/** Writes down the commands that go to a server. */
async function passThrough(to: number, lines: string[]) {
  const server = net.createServer((client) => {
    const upstream = net.connect(to, '127.0.0.1')
    client.on('data', (chunk) =>
      lines.push(
        ...chunk
          .toString('latin1')
          .split('\r\n')
          .filter((line) => /^(BDAT|DATA)\b/.test(line)),
      ),
    )
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
