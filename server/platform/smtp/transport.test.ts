import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Envelope } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { selfSigned } from '../../../test/support/certificate.ts'
import { type Script, startSmtpServer } from '../../../test/support/smtp-server.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { silentLog } from '../../ports/log.ts'
import type { MailTransport, Route } from '../../ports/transport.ts'
import { createSmtpTransport, type SmtpTransportOptions } from './transport.ts'

const certificate = selfSigned()
const MAIL = 'Subject: x\r\n\r\n.dot\r\nHello\r\n'
const ENVELOPE: Envelope = {
  mailFrom: 'ann@acme.example',
  recipients: [{ address: 'a@p.example' }, { address: 'b@p.example' }, { address: 'c@p.example' }],
  body: '7BIT',
  smtputf8: false,
  requireTls: false,
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function setup(script: Script = {}, options: Partial<SmtpTransportOptions> = {}, changes: Partial<Route> = {}) {
  const server = await startSmtpServer(script)
  const transport: MailTransport = createSmtpTransport({ name: 'gw.acme.example', log: silentLog, ...options })
  closers.push(server.close, transport.close)
  const route: Route = {
    name: 'out',
    host: '127.0.0.1',
    port: server.port,
    tls: 'opportunistic',
    connections: 2,
    ...changes,
  }
  const send = (envelope: Partial<Envelope> = {}, content: string | Buffer = MAIL) =>
    transport.send(route, { ...ENVELOPE, ...envelope }, bytesOf(Buffer.from(content)))
  return { server, transport, route, send }
}

async function fault(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof Fault ? `${error.code}${error.detail ? `: ${error.detail}` : ''}` : String(error)
  }
}

const fates = (result: Awaited<ReturnType<MailTransport['send']>>) =>
  result.recipients.map(({ address, status, reply }) => `${address} ${status} ${reply}`)

describe.each([
  ['pipelining', ['PIPELINING', '8BITMIME', 'DSN']],
  ['one command at a time', ['8BITMIME', 'DSN']],
])('a transaction, %s', (_name, extensions) => {
  it('delivers the bytes it was given and says to whom', async () => {
    const { server, send } = await setup({ extensions })
    const result = await send()
    expect(result).toMatchObject({ tls: null, remote: 'hop.test', dsn: true })
    expect(fates(result)).toEqual(
      ['a', 'b', 'c'].map((name) => `${name}@p.example accepted 250 2.0.0 Ok: queued as 42`),
    )
    expect(server.received).toMatchObject([{ data: MAIL, to: ['a@p.example', 'b@p.example', 'c@p.example'] }])
    expect(server.lines[0]).toBe('EHLO gw.acme.example')
  })

  it('gives each recipient its own reply (250, 450, 550)', async () => {
    const { server, send } = await setup({
      extensions,
      answer: (_line, { recipient }) =>
        recipient === 'b@p.example'
          ? '450-4.2.1 Busy\r\n450 4.2.1 really'
          : recipient === 'c@p.example'
            ? '550 5.1.1 Unknown'
            : undefined,
    })
    expect(fates(await send())).toEqual([
      'a@p.example accepted 250 2.0.0 Ok: queued as 42',
      'b@p.example temporary 450 4.2.1 Busy really',
      'c@p.example permanent 550 5.1.1 Unknown',
    ])
    expect(server.received).toMatchObject([{ to: ['a@p.example'] }])
  })

  it('keeps a refusal at RCPT apart from one at the dot', async () => {
    const { send } = await setup({
      extensions,
      answer: (line, { recipient }) =>
        recipient === 'b@p.example' ? '450 4.2.1 Busy' : line === '.' ? '554 5.7.1 No' : undefined,
    })
    expect(fates(await send())).toEqual([
      'a@p.example permanent 554 5.7.1 No',
      'b@p.example temporary 450 4.2.1 Busy',
      'c@p.example permanent 554 5.7.1 No',
    ])
  })

  it.each([
    ['MAIL', '452 4.3.1 Full', 'temporary'],
    ['MAIL', '550 5.7.1 Not you', 'permanent'],
    ['RCPT', '450 4.2.1 Busy', 'temporary'],
    ['RCPT', '550 5.1.1 Unknown', 'permanent'],
    ['DATA', '451 4.3.0 Later', 'temporary'],
    ['.', '451 4.3.0 Later', 'temporary'],
    ['.', '554 5.6.0 Never', 'permanent'],
  ])('%s answered %j: everybody %s, and the connection is clean for the next mail', async (verb, reply, status) => {
    const { server, send } = await setup({ extensions, answer: (line) => (line.startsWith(verb) ? reply : undefined) })
    expect(fates(await send())).toEqual(['a', 'b', 'c'].map((name) => `${name}@p.example ${status} ${reply}`))
    server.script.answer = () => undefined
    expect((await send()).recipients[0]!.status).toBe('accepted')
    expect(server.sessions).toBe(1)
    expect(server.lines.some((line) => line.startsWith('RSET'))).toBe(true)
  })
})

describe('broken next hops', () => {
  it('is unreachable where nobody listens', async () => {
    const { server, send } = await setup()
    await server.close()
    expect(await fault(send())).toBe('next-hop-unreachable')
    closers.splice(0, 1)
  })

  it.each<[string, Script, string]>([
    ['a greeting of 421', { greeting: '421 4.3.2 Closing' }, 'next-hop-temporary: 421 4.3.2 Closing'],
    ['a greeting of 554', { greeting: '554 5.3.2 No' }, 'next-hop-temporary: 554 5.3.2 No'],
    ['a drop instead of a greeting', { greeting: 'drop' }, 'next-hop-unreachable'],
    ['no greeting', { greeting: 'hang' }, 'next-hop-timeout'],
    [
      '421 to MAIL',
      { answer: (line) => (line.startsWith('MAIL') ? '421 4.3.2 Bye' : undefined) },
      'next-hop-temporary: 421 4.3.2 Bye',
    ],
    ['silence after MAIL', { answer: (line) => (line.startsWith('MAIL') ? 'hang' : undefined) }, 'next-hop-timeout'],
    ['a drop in the middle of DATA', { dropAfterBytes: 10 }, 'next-hop-unreachable'],
    [
      'a drop after the dot',
      { answer: (line) => (line === '.' ? 'drop' : undefined) },
      'next-hop-unreachable: no reply after the end of data, it may have been taken',
    ],
    [
      'garbage after the dot',
      { answer: (line) => (line === '.' ? 'thanks!' : undefined) },
      'next-hop-unreachable: no reply after the end of data, it may have been taken',
    ],
    [
      'silence after the dot',
      { answer: (line) => (line === '.' ? 'hang' : undefined) },
      'next-hop-timeout: no reply after the end of data, it may have been taken',
    ],
  ])('%s', async (name, script, expected) => {
    const { server, send } = await setup(script, {
      timeouts: { connectMs: 300, greetingMs: 300, commandMs: 300, dataStartMs: 300, dataBlockMs: 300, dataEndMs: 300 },
    })
    const content = name.includes('middle') ? `Subject: x\r\n\r\n${'Hello\r\n'.repeat(3_000_000)}` : MAIL
    expect(await fault(send({}, content))).toBe(expected)
    Object.assign(server.script, { greeting: '220 hop.test', answer: undefined, dropAfterBytes: undefined })
    expect((await send()).recipients.map((r) => r.status)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(server.received.at(-1)!.data).toBe(MAIL)
  })

  it('ends an attempt that trickles on past its deadline', async () => {
    const { send } = await setup(
      { answer: (line) => (line === '.' ? 'hang' : undefined) },
      { timeouts: { attemptMs: 200 } },
    )
    const began = performance.now()
    expect(await fault(send())).toMatch(/^next-hop-timeout/)
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  it('still reports who was refused for good when the connection is lost later', async () => {
    const { send } = await setup({
      answer: (line, { recipient }) =>
        recipient === 'c@p.example' ? '550 5.1.1 Unknown' : line === '.' ? 'drop' : undefined,
    })
    const [a, , c] = (await send()).recipients
    expect(a).toMatchObject({ status: 'temporary', uncertain: true })
    expect(c).toEqual({ address: 'c@p.example', status: 'permanent', reply: '550 5.1.1 Unknown' })
  })

  it('sends no end of data when the content fails, and drops the connection', async () => {
    const { server, transport, route } = await setup()
    const content = {
      size: 1_000,
      async *stream() {
        yield Buffer.from('Subject: x\r\n\r\nhalf')
        throw new Fault('blob-damaged')
      },
    }
    expect(await fault(transport.send(route, ENVELOPE, content))).toBe('blob-damaged')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.received).toEqual([])
    expect((await transport.send(route, ENVELOPE, bytesOf(Buffer.from(MAIL)))).recipients[0]!.status).toBe('accepted')
    expect(server.sessions).toBe(2)
  })
})

describe('the moment before the dot', () => {
  it.each([
    ['DATA', ['PIPELINING']],
    ['BDAT', ['PIPELINING', 'CHUNKING']],
  ])('comes when all content is there; whoever says no there has sent nothing (%s)', async (_way, extensions) => {
    const { server, transport, route } = await setup({ extensions })
    const content = bytesOf(Buffer.from(`Subject: x\r\n\r\n${'Hello\r\n'.repeat(60_000)}`))
    const no = transport.send(route, ENVELOPE, content, { beforeDot: () => Promise.reject(new Fault('lease-lost')) })
    expect(await fault(no)).toBe('lease-lost')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.received).toEqual([])
    let seen = -1
    await transport.send(route, ENVELOPE, content, {
      beforeDot: async () => {
        seen = server.received.length
      },
    })
    expect(seen).toBe(0)
    expect(server.received.length).toBe(1)
    expect(server.received[0]!.data.length).toBe(content.size)
  })
})

describe('CHUNKING', () => {
  const large = Buffer.from(`Subject: x\r\n\r\n${'.dots\r\n'.repeat(100_000)}no end`)

  it('carries a large mail as it is, and a small one by DATA', async () => {
    const { server, send } = await setup({ extensions: ['PIPELINING', 'CHUNKING'] })
    expect((await send({}, large)).recipients.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted'])
    await send()
    expect(server.received[0]!.data).toBe(`${large.toString('latin1')}\r\n`)
    expect(server.received[1]!.data).toBe(MAIL)
    expect(server.lines.filter((line) => /^(BDAT|DATA)/.test(line)).at(-1)).toBe('DATA')
  })

  it('falls back to DATA, for good, where it is offered and does not work', async () => {
    const { server, send } = await setup({
      extensions: ['PIPELINING', 'CHUNKING'],
      answer: (line) => (line.startsWith('BDAT') ? '502 5.5.1 What?' : undefined),
    })
    expect((await send({}, large)).recipients[0]!.status).toBe('accepted')
    expect((await send({}, large)).recipients[0]!.status).toBe('accepted')
    expect(server.received.length).toBe(2)
    expect(server.sessions).toBe(2)
  })

  it('keeps what is said of a chunk, and of the last one', async () => {
    const full = await setup({
      extensions: ['PIPELINING', 'CHUNKING'],
      answer: (line) => (line.startsWith('BDAT') ? '452 4.3.1 Full' : undefined),
    })
    expect(fates(await full.send({}, large))[0]).toBe('a@p.example temporary 452 4.3.1 Full')
    const never = await setup({
      extensions: ['PIPELINING', 'CHUNKING'],
      answer: (line) => (line === '.' ? '554 5.7.1 No' : undefined),
    })
    expect(fates(await never.send({}, large))[2]).toBe('c@p.example permanent 554 5.7.1 No')
  })
})

describe('next hops that misbehave', () => {
  const raw = async (act: (socket: net.Socket) => void) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      act(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => server.close(() => resolve())))
    const transport = createSmtpTransport({
      name: 'gw.acme.example',
      log: silentLog,
      timeouts: { greetingMs: 400, commandMs: 400, attemptMs: 1_500 },
    })
    closers.push(transport.close)
    const { port } = server.address() as net.AddressInfo
    const route: Route = { name: 'out', host: '127.0.0.1', port, tls: 'opportunistic', connections: 1 }
    const began = performance.now()
    const outcome = await fault(transport.send(route, ENVELOPE, bytesOf(Buffer.from(MAIL))))
    return { outcome, ms: performance.now() - began }
  }

  it.each<[string, (socket: net.Socket) => void, RegExp]>([
    ['greets with garbage', (socket) => socket.write('\x00\xff\x17 hello\r\n'), /^next-hop-temporary: no SMTP reply/],
    ['speaks HTTP', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /^next-hop-temporary/],
    ['has a reply line without end', (socket) => socket.write(`220 ${'x'.repeat(100_000)}`), /^next-hop-temporary/],
    ['has a reply without end', (socket) => socket.write('220-x\r\n'.repeat(5_000)), /^next-hop-temporary/],
    ['mixes two codes in a reply', (socket) => socket.write('220-x\r\n250 y\r\n'), /^next-hop-temporary/],
    ['answers what nobody asked', (socket) => socket.write('220 a\r\n250 b\r\n250 c\r\n'), /^next-hop-temporary/],
    [
      'drips its greeting',
      (socket) => {
        const timer = setInterval(() => socket.write('2'), 50)
        socket.on('close', () => clearInterval(timer))
      },
      /^next-hop-timeout/,
    ],
  ])('%s: deferred, soon and without a crash', async (_name, act, expected) => {
    const { outcome, ms } = await raw(act)
    expect(outcome).toMatch(expected)
    expect(ms).toBeLessThan(10_000)
  })

  it('says HELO to a server that knows no EHLO', async () => {
    const { server, send } = await setup({
      answer: (line) => (line.startsWith('EHLO') ? '502 5.5.1 What?' : undefined),
    })
    expect((await send()).recipients[0]!.status).toBe('accepted')
    expect(server.lines.slice(0, 3)).toEqual([
      'EHLO gw.acme.example',
      'HELO gw.acme.example',
      'MAIL FROM:<ann@acme.example>',
    ])
  })

  it('counts a refusal in the middle of the content, and hangs up', async () => {
    const { server, send } = await setup({ refuseAfterBytes: 300_000 })
    const content = `Subject: x\r\n\r\n${'Hello\r\n'.repeat(1_000_000)}`
    expect(fates(await send({}, content))[0]).toBe('a@p.example permanent 552 5.3.4 Too much')
    expect(server.received).toEqual([])
  })

  it('takes words before TLS for an attack (RFC 3207 6)', async () => {
    const { server, send } = await setup({ tls: certificate, beforeTls: '250 injected\r\n' }, {}, { tls: 'required' })
    expect(await fault(send())).toMatch(/^(tls-required|next-hop-temporary)/)
    expect(server.lines.some((line) => line.startsWith('MAIL'))).toBe(false)
  })

  it('lets no bare line end out', async () => {
    const { server, send } = await setup()
    expect(await fault(send({}, 'Subject: x\r\n\r\na\n.\nMAIL FROM:<evil@x>\r\n'))).toBe('blob-damaged: a bare LF')
    expect(server.received).toEqual([])
  })
})

describe('parameters', () => {
  it('passes DSN parameters, each recipient its own, xtext-encoded', async () => {
    const { server, send } = await setup()
    await send({
      ret: 'HDRS',
      envid: 'Q+1',
      recipients: [
        { address: 'a@p.example', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;a+x@list.example' },
        { address: 'b@p.example', notify: ['NEVER'] },
        { address: 'c@p.example' },
      ],
    })
    expect(server.received[0]!.mail).toMatch(/ RET=HDRS ENVID=Q\+2B1$/)
    expect(server.received[0]!.rcpt).toEqual([
      'RCPT TO:<a@p.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bx@list.example',
      'RCPT TO:<b@p.example> NOTIFY=NEVER',
      'RCPT TO:<c@p.example>',
    ])
  })

  it('sends none of them to a hop without DSN, and says so', async () => {
    const { server, send } = await setup({ extensions: ['PIPELINING'] })
    const result = await send({ ret: 'FULL', recipients: [{ address: 'a@p.example', notify: ['SUCCESS'] }] })
    expect(result.dsn).toBe(false)
    expect(server.received[0]).toMatchObject({ mail: 'MAIL FROM:<ann@acme.example>', rcpt: ['RCPT TO:<a@p.example>'] })
  })

  it('sends the null sender', async () => {
    const { server, send } = await setup({ extensions: [] })
    await send({ mailFrom: '' })
    expect(server.received[0]!.mail).toBe('MAIL FROM:<>')
  })

  it('asks for SMTPUTF8 when the header alone needs it, once when an address does', async () => {
    const { server, send } = await setup({ extensions: ['SMTPUTF8', '8BITMIME'] })
    await send({ smtputf8: true, body: '8BITMIME' })
    await send({ smtputf8: true, recipients: [{ address: 'jörg@p.example' }] })
    expect(server.received.map((mail) => mail.mail)).toEqual([
      'MAIL FROM:<ann@acme.example> BODY=8BITMIME SMTPUTF8',
      'MAIL FROM:<ann@acme.example> SMTPUTF8',
    ])
  })

  it('fails for good what the hop cannot carry, before a byte is sent', async () => {
    const { server, send } = await setup({ extensions: ['PIPELINING'] })
    const named = 'Subject: Grüße\r\n\r\nx\r\n'
    expect(fates(await send({ smtputf8: true }, named))[0]).toMatch(/permanent 550 5\.6\.7/)
    const signed = 'DKIM-Signature: v=1\r\nSubject: x\r\n\r\nä\r\n'
    expect(fates(await send({ body: '8BITMIME' }, signed))[0]).toMatch(/permanent 554 5\.6\.3/)
    expect(fates(await send({ requireTls: true }))[0]).toMatch(/permanent 550 5\.7\.30/)
    expect(server.received).toEqual([])
    expect((await send({ body: '8BITMIME' })).recipients[0]!.status).toBe('accepted')
    // The one with REQUIRETLS could not share a connection that has no TLS.
    expect(server.sessions).toBe(2)
  })

  it('encodes 8-bit content that nobody signed for a hop without 8BITMIME', async () => {
    const { server, send } = await setup({ extensions: ['PIPELINING'] })
    const mail = 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n'
    expect((await send({ body: '8BITMIME' }, `${mail}\r\nGrüße\r\n`)).recipients[0]!.status).toBe('accepted')
    expect(server.received[0]!.mail).toBe('MAIL FROM:<ann@acme.example>')
    expect(server.received[0]!.data).toBe(`${mail.replace('8bit', 'quoted-printable')}\r\nGr=C3=BC=C3=9Fe\r\n`)
  })

  it('refuses only the recipients who need SMTPUTF8 where it is not offered', async () => {
    const { server, send } = await setup({ extensions: ['PIPELINING'] })
    const recipients = [{ address: 'jörg@p.example' }, { address: 'b@bücher.example' }, { address: 'c@p.example' }]
    expect(fates(await send({ smtputf8: true, recipients })).map((fate) => fate.slice(0, 40))).toEqual([
      'jörg@p.example permanent 550 5.6.7 The n',
      'b@bücher.example accepted 250 2.0.0 Ok: ',
      'c@p.example accepted 250 2.0.0 Ok: queue',
    ])
    expect(server.received[0]!.rcpt).toEqual(['RCPT TO:<b@xn--bcher-kva.example>', 'RCPT TO:<c@p.example>'])
  })

  it('sends nothing of an address that would end the command', async () => {
    const { server, send } = await setup()
    const recipients = [{ address: 'a@p.example>\r\nRCPT TO:<b@p.example' }, { address: 'c@p.example' }]
    expect(fates(await send({ recipients }))[0]).toMatch(/permanent 553 5\.1\.3/)
    expect(server.received[0]!.to).toEqual(['c@p.example'])
  })

  it('does not send more than the hop takes', async () => {
    const { send } = await setup({ extensions: ['SIZE 10'] })
    expect(fates(await send())[0]).toMatch(/permanent 552 5\.3\.4/)
  })
})

describe('TLS', () => {
  it.each<[Route['tls'], boolean, string]>([
    ['none', true, 'null'],
    ['opportunistic', true, 'TLSv1.3'],
    ['opportunistic', false, 'null'],
    ['required', true, 'TLSv1.3'],
    ['required', false, 'tls-required'],
    ['verified', true, 'tls-required'],
    ['verified', false, 'tls-required'],
  ])('%s, offered: %s -> %s', async (mode, offered, expected) => {
    const { server, send } = await setup(offered ? { tls: certificate } : {}, {}, { tls: mode })
    const outcome = await send().then(
      (result) => String(result.tls),
      (error: Fault) => error.code,
    )
    expect(outcome).toBe(expected)
    if (expected === 'tls-required') expect(server.lines.some((line) => line.startsWith('MAIL'))).toBe(false)
  })

  it('goes on without TLS that fails where it is opportunistic, and nowhere else', async () => {
    const old = { ...certificate, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' } as const
    const { server, send } = await setup({ tls: old })
    expect(await send()).toMatchObject({ tls: null, hop: { level: 'none', version: null } })
    expect(server.sessions).toBe(2)
    const strict = await setup({ tls: old }, {}, { tls: 'required' })
    expect(await fault(strict.send())).toMatch(/^tls-required/)
    expect(strict.server.lines.some((line) => line.startsWith('MAIL'))).toBe(false)
  })

  it('does not take a drop after the dot for a failure of TLS', async () => {
    const script: Script = { tls: certificate, answer: (line) => (line === '.' ? 'drop' : undefined) }
    const { send } = await setup(script, {}, { tls: 'required' })
    expect(await fault(send())).toBe('next-hop-unreachable: no reply after the end of data, it may have been taken')
  })

  it('accepts a certificate under the configured CA', async () => {
    const { send } = await setup({ tls: certificate }, { tlsOptions: { ca: certificate.cert } }, { tls: 'verified' })
    expect((await send()).tls).toBe('TLSv1.3')
  })

  it('signs in, and takes a refusal for a passing one', async () => {
    const auth = { user: 'gw', password: 'secret' }
    const { server, send } = await setup(
      { tls: certificate, extensions: ['AUTH PLAIN'] },
      {},
      { tls: 'required', auth },
    )
    await send()
    expect(server.lines).toContain(`AUTH PLAIN ${Buffer.from('\0gw\0secret').toString('base64')}`)
    const wrong = await setup(
      { extensions: ['AUTH PLAIN'], answer: (line) => (line.startsWith('AUTH') ? '535 5.7.8 No' : undefined) },
      {},
      { auth },
    )
    expect(await fault(wrong.send())).toBe('next-hop-temporary: 535 5.7.8 No')
  })
})

describe('the pool', () => {
  it('reuses a connection and keeps to the limit of the route', async () => {
    const { server, send } = await setup({}, {}, { connections: 2 })
    await Promise.all(Array.from({ length: 12 }, () => send()))
    expect(server.received.length).toBe(12)
    expect(server.most).toBeLessThanOrEqual(2)
    expect(server.sessions).toBeLessThanOrEqual(2)
  })

  it('opens a new one when the hop hung up on an idle one, and says QUIT when it retires one', async () => {
    const { server, send, transport } = await setup({}, { messagesPerConnection: 2 })
    await send()
    server.dropAll()
    expect((await send()).recipients[0]!.status).toBe('accepted')
    await send()
    const quits = () => server.lines.filter((line) => line === 'QUIT').length
    await expect.poll(quits).toBe(1)
    await send()
    await transport.close()
    await expect.poll(quits).toBe(2)
    expect(server.received.length).toBe(4)
  })
})
