import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isPublicAddress } from './public-address.ts'
import { httpSms } from './sms-http.ts'
import { createWebhooks } from './webhook.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let server: Server
let base: string
let seen: Seen[]
let status: number
let silent: boolean

beforeEach(async () => {
  seen = []
  status = 204
  silent = false
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    seen.push({
      method: request.method!,
      url: request.url!,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    })
    if (!silent) response.writeHead(status, status === 302 ? { location: `${base}/elsewhere` } : {}).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const outcomes: [number, string | null][] = [
  [200, null],
  [302, 'effect-refused'],
  [400, 'effect-refused'],
  [403, 'effect-refused'],
  [429, 'effect-unreachable'],
  [500, 'effect-unreachable'],
  [503, 'effect-unreachable'],
]

describe('SMS over HTTP', () => {
  const message = { to: '+4915112345678', text: 'Code "1&2"\n{to}', key: 'job-1' }

  test('fills a JSON body without letting the text break out', async () => {
    const json = { messages: [{ destination: '{to}', text: 'Hi: {text}', ref: '{key}', flash: false, parts: 1 }] }
    await httpSms({
      url: `${base}/send`,
      headers: { authorization: 'Bearer t', 'x-key': '{key}' },
      body: { json },
    }).send(message)
    expect(JSON.parse(seen[0]!.body)).toEqual({
      messages: [{ destination: message.to, text: `Hi: ${message.text}`, ref: 'job-1', flash: false, parts: 1 }],
    })
    expect(seen[0]).toMatchObject({
      method: 'POST',
      headers: { authorization: 'Bearer t', 'x-key': 'job-1', 'content-type': 'application/json' },
    })
  })

  test('fills a form and a URL', async () => {
    await httpSms({ url: `${base}/a?to={to}`, body: { form: { text: '{text}' } } }).send(message)
    expect(seen[0]!.url).toBe('/a?to=%2B4915112345678')
    expect(new URLSearchParams(seen[0]!.body).get('text')).toBe(message.text)
    await httpSms({ url: `${base}/b?t={text}`, method: 'GET' }).send(message)
    expect(new URL(seen[1]!.url, base).searchParams.get('t')).toBe(message.text)
  })

  test.each(outcomes)('an answer of %i means %s', async (answer, fault) => {
    status = answer
    const sent = httpSms({ url: base, body: { form: {} } }).send(message)
    if (fault) await expect(sent).rejects.toMatchObject({ code: fault })
    else await sent
    expect(seen).toHaveLength(1)
  })

  test('no answer in time, and nobody there, can be tried again', async () => {
    silent = true
    await expect(httpSms({ url: base, timeoutMs: 100 }).send(message)).rejects.toMatchObject({
      code: 'effect-unreachable',
    })
    await expect(httpSms({ url: 'http://127.0.0.1:1' }).send(message)).rejects.toMatchObject({
      code: 'effect-unreachable',
    })
  })
})

describe('webhooks', () => {
  const allowPrivate = () => true
  const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
  const call = (url: string) => ({
    url,
    secret,
    id: 'evt_1',
    time: 1_800_000_000_999,
    body: { type: 'incident', ö: 1 },
  })
  const expected = (content: string) =>
    `v1,${createHmac('sha256', '0123456789abcdef0123456789abcdef').update(`evt_1.1800000000.${content}`).digest('base64')}`

  test('are signed as Standard Webhooks says', async () => {
    await createWebhooks({ allowPrivate }).post(call(`${base}/hook`))
    expect(seen[0]).toMatchObject({
      url: '/hook',
      body: '{"type":"incident","ö":1}',
      headers: {
        'webhook-id': 'evt_1',
        'webhook-timestamp': '1800000000',
        'webhook-signature': expected(seen[0]!.body),
      },
    })
  })

  test('hand over a whole message as a stream', async () => {
    const parts = Array.from({ length: 50 }, (_, i) => Buffer.from(`line ${i}\r\n`.repeat(1000)))
    const all = Buffer.concat(parts)
    const sha256 = createHash('sha256').update(all).digest('hex')
    async function* content() {
      yield* parts
    }
    await createWebhooks({ allowPrivate }).postMessage({ ...call(base), sha256, size: all.length, content: content() })
    expect(seen[0]!.body).toBe(all.toString())
    expect(seen[0]!.headers).toMatchObject({
      'content-type': 'message/rfc822',
      'content-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
      'webhook-signature': expected(sha256),
    })
  })

  test.each(outcomes)('an answer of %i means %s', async (answer, fault) => {
    status = answer
    const sent = createWebhooks({ allowPrivate }).post(call(base))
    if (fault) await expect(sent).rejects.toMatchObject({ code: fault })
    else await sent
    expect(seen).toHaveLength(1)
  })

  test('no answer in time, and nobody there, can be tried again', async () => {
    silent = true
    const webhooks = createWebhooks({ allowPrivate, timeoutMs: 100 })
    await expect(webhooks.post(call(base))).rejects.toMatchObject({ code: 'effect-unreachable' })
    await expect(webhooks.post(call('http://127.0.0.1:1'))).rejects.toMatchObject({ code: 'effect-unreachable' })
  })

  test('a source that fails is tried again and leaves no call standing', async () => {
    async function* content() {
      yield Buffer.from('x')
      throw new Error('disk')
    }
    const sent = createWebhooks({ allowPrivate }).postMessage({
      ...call(base),
      sha256: '00',
      size: 10,
      content: content(),
    })
    await expect(sent).rejects.toMatchObject({ code: 'effect-unreachable' })
  })

  test.each([
    'http://localhost',
    'http://127.0.0.1',
    'http://[::1]',
    'http://169.254.169.254',
    'http://0x7f.1',
    'http://[::ffff:10.0.0.1]',
    'file:///etc/passwd',
    'nonsense',
  ])('refuse %s', async (origin) => {
    const port = new URL(base).port
    const url = origin.startsWith('http') ? `${origin}:${port}/` : origin
    await expect(createWebhooks().post(call(url))).rejects.toMatchObject({ code: 'effect-refused' })
    expect(seen).toEqual([])
  })

  test('refuse a name that resolves to a public and an internal address', async () => {
    const lookup = ((_: string, __: unknown, done: (e: null, a: unknown) => void) =>
      done(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ])) as never
    await expect(createWebhooks({ lookup }).post(call('http://rebind.example/'))).rejects.toMatchObject({
      code: 'effect-refused',
    })
  })

  test.each([
    ['93.184.216.34', true],
    ['2606:2800:220:1::1', true],
    ['10.1.2.3', false],
    ['172.31.0.1', false],
    ['172.32.0.1', true],
    ['100.100.100.200', false],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['::', false],
    ['fe80::1', false],
    ['fd00:ec2::254', false],
    ['::ffff:93.184.216.34', false],
    ['64:ff9b::a00:1', false],
    ['2002:a00:1::', false],
    ['2001:db8::1', false],
    ['localhost', false],
  ])('%s is public: %s', (address, answer) => expect(isPublicAddress(address)).toBe(answer))
})
