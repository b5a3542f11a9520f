import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { selfSigned, testAuthority } from '../../../test/support/certificate.ts'
import { startNameServer } from '../../../test/support/name-server.ts'
import { silentLog } from '../../ports/log.ts'
import { createResolver } from '../dns/resolver.ts'
import { openTlsLedger, readTlsDay } from './tls-ledger.ts'
import { reportUris } from './tls-report.ts'
import { createTlsReporter } from './tls-reporter.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const YESTERDAY = Date.parse('2026-11-22T12:00:00Z')
const NOW = Date.parse('2026-11-23T01:00:00Z')
const sts = { type: 'sts', strings: ['version: STSv1', 'mode: enforce'], mx: ['mx.a.example'] } as const

it('counts by domain, policy and day, and keeps the counts over a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'secflow-tls-rpt-'))
  closers.push(() => rmSync(directory, { recursive: true }))
  let now = YESTERDAY
  for (let start = 0; start < 2; start++) {
    const ledger = openTlsLedger({ directory, log: silentLog, now: () => now })
    ledger.note({ domain: 'a.example', counted: sts, failure: null })
    ledger.note({ domain: 'a.example', counted: sts, failure: { type: 'certificate-expired', host: 'mx.a.example' } })
    ledger.note({ domain: '__proto__', counted: sts, failure: null })
    await ledger.close()
  }
  now = NOW
  const ledger = openTlsLedger({ directory, log: silentLog, now: () => now })
  ledger.note({ domain: 'a.example', counted: sts, failure: null })
  await ledger.close()
  expect(readTlsDay(directory, '2026-11-22')['a.example']).toEqual([
    {
      counted: sts,
      successes: 2,
      failures: [{ failure: { type: 'certificate-expired', host: 'mx.a.example' }, count: 2 }],
    },
  ])
  expect(readTlsDay(directory, '2026-11-23')['a.example']![0]!.successes).toBe(1)
})

it('reports a finished day once, by mail and by HTTPS, and tries again what failed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'secflow-tls-rpt-'))
  closers.push(() => rmSync(directory, { recursive: true }))
  const ledger = openTlsLedger({ directory, log: silentLog, now: () => YESTERDAY })
  for (const domain of ['a.example', 'b.example', 'c.example', 'd.example'])
    ledger.note({
      domain,
      counted: sts,
      failure: { type: 'certificate-expired', host: 'mx.a.example', address: '192.0.2.1' },
    })
  await ledger.close()

  const authority = testAuthority()
  closers.push(() => authority[Symbol.dispose]())
  const posted: { type: string | undefined; body: Buffer }[] = []
  let status = 503
  const server = createServer(authority.issue(['localhost']), (request, response) => {
    void buffer(request).then((body) => {
      posted.push({ type: request.headers['content-type'], body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const url = `https://localhost:${(server.address() as AddressInfo).port}/tlsrpt`
  const text = (name: string, data: string) => ({
    answers: [{ type: 'TXT' as const, name: `_smtp._tls.${name}`, data: [Buffer.from(data)], ttl: 0 }],
  })
  const names = await startNameServer({
    'TXT _smtp._tls.a.example': text('a.example', 'v=TLSRPTv1; rua=mailto:tls@a.example'),
    'TXT _smtp._tls.b.example': text('b.example', `v=TLSRPTv1;rua=${url}`),
    'TXT _smtp._tls.d.example': { rcode: 'SERVFAIL' },
  })
  closers.push(names.close)
  const mails: { to: string; key: string; message: Buffer }[] = []
  const reporter = createTlsReporter({
    reporter: { organisation: 'Acme', contact: 'tls@acme.example', name: 'gw.acme.example' },
    directory,
    resolver: createResolver({ servers: [names.server], tryMs: 300 }),
    enqueue: async (mail) => {
      mails.push(mail)
    },
    ca: authority.cert,
    allowPrivate: true,
    log: silentLog,
  })
  await reporter.run(NOW)
  expect(mails.map(({ to }) => to)).toEqual(['tls@a.example'])
  expect(posted.length).toBe(1)
  status = 201
  await reporter.run(NOW + 3_600_000)
  await reporter.run(NOW + 7_200_000)
  expect(mails.length).toBe(1)
  expect(posted.length).toBe(2)
  expect(posted[1]!.type).toBe('application/tlsrpt+gzip')
  expect(JSON.parse(gunzipSync(posted[1]!.body).toString())).toEqual({
    'organization-name': 'Acme',
    'date-range': { 'start-datetime': '2026-11-22T00:00:00Z', 'end-datetime': '2026-11-22T23:59:59Z' },
    'contact-info': 'tls@acme.example',
    'report-id': '2026-11-22.b.example@gw.acme.example',
    policies: [
      {
        policy: { 'policy-type': 'sts', 'policy-string': sts.strings, 'policy-domain': 'b.example', 'mx-host': sts.mx },
        summary: { 'total-successful-session-count': 0, 'total-failure-session-count': 1 },
        'failure-details': [
          {
            'result-type': 'certificate-expired',
            'receiving-mx-hostname': 'mx.a.example',
            'receiving-ip': '192.0.2.1',
            'failed-session-count': 1,
          },
        ],
      },
    ],
  })
  const mail = mails[0]!.message.toString()
  expect(mail).toMatch(
    /^From: <tls@acme.example>\r\nTo: <tls@a.example>\r\nSubject: Report Domain: a.example Submitter: gw.acme.example/,
  )
  expect(mail).toContain('filename="gw.acme.example!a.example!1795305600!1795391999.json.gz"')
  expect(mail.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  const part = /base64\r\n[^\r]*\r\n[^\r]*\r\n\r\n([\s\S]*?)\r\n--/.exec(mail)![1]!
  expect(JSON.parse(gunzipSync(Buffer.from(part, 'base64')).toString())['report-id']).toBe(
    '2026-11-22.a.example@gw.acme.example',
  )
})

it.each([
  [
    'v=TLSRPTv1; rua=mailto:a@x.example, https://x.example/r',
    { mailto: ['a@x.example'], https: ['https://x.example/r'] },
  ],
  ['v=TLSRPTv1;rua=http://x.example/', { mailto: [], https: [] }],
  ['v=TLSRPTv2;rua=mailto:a@x.example', { mailto: [], https: [] }],
  ['v=TLSRPTv1;rua=mailto:a%0d%0aBcc:b@x.example', { mailto: [], https: [] }],
])('%s', (record, expected) => {
  expect(reportUris([record])).toEqual(expected)
})

it('every domain has its report, also where several name one address, and no address of our own network gets one', async () => {
  const { cert, key } = selfSigned()
  const posted: string[] = []
  const server = createServer({ cert, key }, (request, response) => {
    posted.push(request.url!)
    request.resume().on('end', () => response.writeHead(201).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const told = (name: string) => ({
    [`TXT _smtp._tls.${name}`]: {
      answers: [
        {
          type: 'TXT' as const,
          name: `_smtp._tls.${name}`,
          data: [Buffer.from(`v=TLSRPTv1;rua=https://127.0.0.1:${port}/r`)],
          ttl: 0,
        },
      ],
    },
  })
  const names = await startNameServer({ ...told('a.example'), ...told('b.example') })
  closers.push(names.close)
  for (const allowPrivate of [false, true]) {
    const directory = mkdtempSync(join(tmpdir(), 'secflow-tls-rpt-'))
    closers.push(() => rmSync(directory, { recursive: true }))
    const ledger = openTlsLedger({ directory, log: silentLog, now: () => YESTERDAY })
    for (const domain of ['a.example', 'b.example']) ledger.note({ domain, counted: sts, failure: null })
    await ledger.close()
    await createTlsReporter({
      reporter: { organisation: 'Acme', contact: 'tls@acme.example', name: 'gw.acme.example' },
      directory,
      resolver: createResolver({ servers: [names.server], tryMs: 300 }),
      enqueue: async () => {},
      ca: cert,
      allowPrivate,
      log: silentLog,
    }).run(NOW)
    expect(posted.length).toBe(allowPrivate ? 2 : 0)
  }
})
