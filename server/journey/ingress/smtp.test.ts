import { afterEach, describe, expect, it } from 'vitest'
import { Fault } from '../../../shared/fault/index.ts'
import { acme, certificate, startIngress, stopIngresses } from '../../../test/support/ingress.ts'
import type { SmtpClient } from '../../../test/support/smtp-client.ts'
import type { ClientCertificate } from './session-policy.ts'

afterEach(stopIngresses)

const LOGIN = `AUTH PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}`
const inbound = async (client: SmtpClient) => {
  await client.say('MAIL FROM:<eve@stranger.example>')
  await client.say('RCPT TO:<ann@acme.example>')
  return client.say('DATA')
}

describe('the dialogue', () => {
  it('greets at once and offers what it does', async () => {
    const server = await startIngress()
    const greeted = async () => {
      const began = performance.now()
      const client = await server.connect()
      expect(await client.reply()).toBe('220 gw.acme.example ESMTP ready')
      return { client, after: performance.now() - began }
    }
    const all = []
    for (let n = 0; n < 10; n++) all.push(await greeted())
    // The library's delay of 100 ms would be in each of them, a busy machine's is not.
    expect(Math.min(...all.map(({ after }) => after))).toBeLessThan(90)
    const ehlo = await all[0]!.client.say('EHLO client.example')
    for (const word of [
      'PIPELINING',
      '8BITMIME',
      'SMTPUTF8',
      'STARTTLS',
      'DSN',
      'ENHANCEDSTATUSCODES',
      'SIZE 209715200',
    ])
      expect(ehlo).toContain(word)
    expect(ehlo).not.toMatch(/CHUNKING|VRFY|XCLIENT/)
  })

  it('accepts with the id of the message that is then in the store, dots unstuffed', async () => {
    const server = await startIngress()
    const client = await server.session()
    expect(await inbound(client)).toMatch(/^354 /)
    client.write('Subject: x\r\n\r\n..dot\r\n.\r\n')
    const reply = await client.reply()
    const [message] = await server.messages()
    expect(reply).toBe(`250 2.0.0 accepted ${message!.id}`)
    expect(server.spool()[0]!.endsWith('Subject: x\r\n\r\n.dot\r\n')).toBe(true)
    expect(message!.origin).toMatchObject({
      channel: 'smtp',
      authenticated: 'none',
      peer: '127.0.0.1',
      helo: 'client.example',
      tls: null,
    })
  })

  it('takes a whole pipelined transaction in one write (RFC 2920)', async () => {
    const server = await startIngress()
    const client = await server.session()
    client.write(
      'MAIL FROM:<e@stranger.example>\r\nRCPT TO:<ann@acme.example>\r\nRCPT TO:<x@nowhere.example>\r\nDATA\r\n',
    )
    expect(await client.reply()).toMatch(/^250 2\.1\.0/)
    expect(await client.reply()).toMatch(/^250 2\.1\.5/)
    expect(await client.reply()).toMatch(/^550 5\.7\.1 Relaying/)
    expect(await client.reply()).toMatch(/^354/)
    client.write('Subject: x\r\n\r\n.\r\nQUIT\r\n')
    expect(await client.reply()).toMatch(/^250 2\.0\.0 accepted/)
    expect(await client.reply()).toMatch(/^221/)
    expect((await server.messages())[0]!.envelope.recipients).toEqual([{ address: 'ann@acme.example' }])
  })

  it('keeps the DSN parameters, decoded, and turns U-labels into A-labels', async () => {
    const server = await startIngress()
    const client = await server.session()
    expect(await client.say(LOGIN)).toMatch(/^235 2\.7\.0/)
    expect(await client.say('MAIL FROM:<ann@acme.example> RET=HDRS ENVID=Q+2B1 BODY=8BITMIME SMTPUTF8')).toMatch(/^250/)
    expect(
      await client.say('RCPT TO:<jörg@bücher.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;j+2Bx@list.example'),
    ).toMatch(/^250/)
    expect(await client.say('RCPT TO:<b@partner.example> NOTIFY=NEVER')).toMatch(/^250/)
    expect(await client.say('RCPT TO:<c@partner.example> NOTIFY=NEVER,SUCCESS')).toMatch(/^501/)
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    await client.reply()
    expect((await server.messages())[0]!.envelope).toEqual({
      mailFrom: 'ann@acme.example',
      recipients: [
        { address: 'jörg@xn--bcher-kva.example', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;j+x@list.example' },
        { address: 'b@partner.example', notify: ['NEVER'] },
      ],
      body: '8BITMIME',
      smtputf8: true,
      requireTls: false,
      ret: 'HDRS',
      envid: 'Q+1',
    })
  })
})

describe('refused content', () => {
  const SMUGGLED =
    'MAIL FROM:<evil@stranger.example>\r\nRCPT TO:<ann@acme.example>\r\nDATA\r\nSubject: smuggled\r\n\r\n.\r\n'

  it.each([
    ['LF.LF', 'a\n.\n'],
    ['LF.CRLF', 'a\n.\r\n'],
    ['CR.CR', 'a\r.\r'],
    ['CRLF.LF', 'a\r\n.\n'],
    ['CRLF.CR', 'a\r\n.\r'],
    ['CRLF NUL.CRLF', 'a\r\n\0.\r\n'],
  ])('%s does not end the data and is refused: never a second message', async (_name, trick) => {
    const server = await startIngress()
    const client = await server.session()
    await inbound(client)
    client.write(`Subject: x\r\n\r\n${trick}${SMUGGLED}`)
    expect(await client.reply()).toMatch(/^550 5\.6\.0 /)
    expect(await client.say('NOOP')).toMatch(/^250/)
    expect(await server.messages()).toEqual([])
    expect(server.blobs.bytes.size).toBe(0)
  })

  it.each([
    ['550 5.6.7', 'Subject: Grüße\r\n\r\nHello\r\n'],
    ['550 5.6.0', 'Subject: x\r\n\r\nbare\nline\r\n'],
    ['550 5.6.0', 'Subject: x\r\n\r\nnul\0\r\n'],
    ['550 5.6.0', `Subject: x\r\n\r\n${'x'.repeat(999)}\r\n`],
    ['552 5.3.4', `Subject: x\r\n\r\n${`${'x'.repeat(900)}\r\n`.repeat(20)}`],
    ['552 5.3.4', `${`X: ${'x'.repeat(900)}\r\n`.repeat(4)}\r\n`],
    ['554 5.4.6', `${'Received: from a by b; now\r\n'.repeat(51)}\r\n`],
  ])('%s (%#), and the session goes on', async (expected, content) => {
    const server = await startIngress({}, { accept: { messageBytes: 10_000, headerBytes: 3_000 } })
    const client = await server.session()
    await inbound(client)
    client.write(`${content}.\r\n`)
    expect((await client.reply()).startsWith(expected)).toBe(true)
    expect(server.blobs.bytes.size).toBe(0)
    await inbound(client)
    client.write('Subject: y\r\n\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250 2\.0\.0 accepted/)
  })

  it('refuses a SIZE that is too large before DATA, and one that does not fit the disk for now', async () => {
    const server = await startIngress(
      { limits: { messageBytes: 100_000 } },
      { freeBytes: 50_000, accept: { reserveBytes: 10_000, messageBytes: 100_000 } },
    )
    const client = await server.session()
    expect(await client.say('MAIL FROM:<e@stranger.example> SIZE=100001')).toMatch(/^552 5\.3\.4/)
    expect(await client.say('MAIL FROM:<e@stranger.example> SIZE=40001')).toMatch(/^452 4\.3\.1/)
    expect(await client.say('MAIL FROM:<e@stranger.example> SIZE=40000')).toMatch(/^250/)
  })

  it('answers a failing store with 451 and no word of the cause', async () => {
    const server = await startIngress()
    const client = await server.session()
    await inbound(client)
    server.store.failCommit(new Error('SQLITE_FULL: disk at /var/lib/secret'))
    client.write('Subject: x\r\n\r\n.\r\n')
    expect(await client.reply()).toBe('451 4.3.0 Something went wrong on our side')
    expect(server.blobs.bytes.size).toBe(0)
  })
})

describe('who may send', () => {
  it('lets an identity use its own addresses and its delegated domain only', async () => {
    const server = await startIngress()
    const client = await server.session()
    await client.say(LOGIN)
    expect(await client.say('MAIL FROM:<bob@acme.example>')).toMatch(/^550 5\.7\.1 This identity/)
    expect(await client.say('MAIL FROM:<Ann@ACME.example>')).toMatch(/^250/)
    expect(await client.say('RCPT TO:<x@anywhere.example>')).toMatch(/^250/)
    await client.say('RSET')
    expect(await client.say('MAIL FROM:<desk@team.acme.example>')).toMatch(/^250/)
    await client.say('RCPT TO:<x@anywhere.example>')
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    await client.reply()
    expect((await server.messages())[0]!.origin).toMatchObject({ authenticated: 'auth', identity: 'ann' })
  })

  it.each([
    ['From: Ann <ann@acme.example>', '250 2.0.0'],
    ['From: ANN@Acme.example, any@team.acme.example', '250 2.0.0'],
    ['Subject: no author', '250 2.0.0'],
    ['From: The Chief <chief@acme.example>', '550 5.7.1'],
    ['From: ann@acme.example,\r\n chief@acme.example', '550 5.7.1'],
    ['From: ann@acme.example\r\nFrom: chief@acme.example', '550 5.7.1'],
    ['From: Board: chief@acme.example;', '550 5.7.1'],
    ['From: The Chief', '550 5.7.1'],
  ])('a person writes as himself: %j', async (field, expected) => {
    const server = await startIngress()
    const client = await server.session()
    await client.say(LOGIN)
    await client.say('MAIL FROM:<ann@acme.example>')
    await client.say('RCPT TO:<x@anywhere.example>')
    await client.say('DATA')
    client.write(`${field}\r\n\r\nHello\r\n.\r\n`)
    expect((await client.reply()).slice(0, 9)).toBe(expected)
    expect((await server.messages()).length).toBe(expected === '250 2.0.0' ? 1 : 0)
    // The session goes on.
    expect(await client.say('MAIL FROM:<ann@acme.example>')).toMatch(/^250/)
  })

  it('refuses wrong passwords and acting for another, and ends the session after three', async () => {
    const server = await startIngress()
    const client = await server.session()
    const asOther = Buffer.from('boss\0ann\0secret').toString('base64')
    expect(await client.say(`AUTH PLAIN ${asOther}`)).toMatch(/^535 5\.7\.8/)
    expect(await client.say(`AUTH PLAIN ${Buffer.from('\0ann\0no').toString('base64')}`)).toMatch(/^535 5\.7\.8/)
    expect(await client.say(`AUTH PLAIN ${Buffer.from('\0ann\0no').toString('base64')}`)).toMatch(/^421 4\.7\.0/)
    await client.ended
  })

  it('speaks AUTH LOGIN as well', async () => {
    const server = await startIngress()
    const client = await server.session()
    await client.say('AUTH LOGIN')
    await client.say(Buffer.from('ann').toString('base64'))
    expect(await client.say(Buffer.from('secret').toString('base64'))).toMatch(/^235/)
  })

  it('offers AUTH only under TLS, unless the loopback was allowed, and forgets what came before STARTTLS', async () => {
    const server = await startIngress({ clearTextAuthFromLoopback: false, requireTls: true })
    const client = await server.connect()
    await client.reply()
    expect(await client.say('EHLO c')).not.toContain('AUTH')
    expect(await client.say(LOGIN)).toMatch(/^500 5\.5\.2/)
    expect(await client.say('STARTTLS')).toMatch(/^220/)
    await client.startTls()
    const secure = await client.say('EHLO c')
    expect(secure).toMatch(/AUTH PLAIN LOGIN/)
    expect(secure).toContain('REQUIRETLS')
    expect(await client.say(LOGIN)).toMatch(/^235/)
    await client.say('MAIL FROM:<ann@acme.example> REQUIRETLS')
    await client.say('RCPT TO:<x@anywhere.example>')
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    await client.reply()
    const [message] = await server.messages()
    expect(message!.origin.tls).toBe('TLSv1.3')
    expect(message!.envelope.requireTls).toBe(true)
    expect(server.spool()[0]).toContain('with ESMTPSA id')
  })

  it('never takes a password in clear text where there is no TLS at all', async () => {
    const server = await startIngress({ clearTextAuthFromLoopback: false }, { withoutTls: true })
    const client = await server.session()
    expect(await client.say('EHLO c')).not.toMatch(/AUTH|STARTTLS/)
    expect(await client.say(LOGIN)).toMatch(/^500/)
  })

  it('knows a client by its certificate', async () => {
    let shown: ClientCertificate | undefined
    const server = await startIngress(
      { tls: { ...certificate, ca: certificate.cert, requestClientCertificate: true } },
      {
        policy: {
          clientCertificate: async (cert) => {
            shown = cert
            return { tenant: acme, identity: cert.subject, addresses: ['@acme.example'] }
          },
        },
      },
    )
    const client = await server.session()
    await client.say('STARTTLS')
    await client.startTls({ key: certificate.key, cert: certificate.cert })
    await client.say('EHLO c')
    expect(await client.say('MAIL FROM:<any@acme.example>')).toMatch(/^250/)
    expect(await client.say('RCPT TO:<x@anywhere.example>')).toMatch(/^250/)
    expect(shown).toMatchObject({ subject: 'CN=localhost', verified: true })
    expect(shown!.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  })

  it('lets a listed relay send for its tenant, by sender domain', async () => {
    const server = await startIngress(
      {},
      {
        policy: {
          relay: async (peer, domain) =>
            peer === '127.0.0.1' && domain === 'acme.example' ? { tenant: acme, name: 'exchange' } : null,
        },
      },
    )
    const client = await server.session()
    await client.say('MAIL FROM:<anyone@acme.example>')
    expect(await client.say('RCPT TO:<x@anywhere.example>')).toMatch(/^250/)
    await client.say('DATA')
    // Its own server knows who may write as whom.
    client.write('From: list@elsewhere.example\r\n\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect((await server.messages())[0]!.origin).toMatchObject({ authenticated: 'relay', identity: 'exchange' })
    await client.say('MAIL FROM:<anyone@elsewhere.example>')
    expect(await client.say('RCPT TO:<x@anywhere.example>')).toMatch(/^550 5\.7\.1/)
  })

  it('takes strangers for one tenant at a time, and relays for nobody', async () => {
    const server = await startIngress()
    const client = await server.session()
    await client.say('MAIL FROM:<>')
    expect(await client.say('RCPT TO:<x@anywhere.example>')).toMatch(/^550 5\.7\.1 Relaying/)
    expect(await client.say('RCPT TO:<a@acme.example>')).toMatch(/^250/)
    expect(await client.say('RCPT TO:<o@other.example>')).toMatch(/^452 4\.5\.3 /)
    expect(await client.say('RCPT TO:<b@acme.example>')).toMatch(/^250/)
    await client.say('RSET')
    await client.say('MAIL FROM:<>')
    expect(await client.say('RCPT TO:<o@other.example>')).toMatch(/^250/)
  })

  it('accepts nothing for a tenant without a policy', async () => {
    const server = await startIngress({}, { policy: { policyReady: (tenant) => tenant !== acme } })
    const client = await server.session()
    await client.say('MAIL FROM:<e@stranger.example>')
    expect(await client.say('RCPT TO:<a@acme.example>')).toMatch(/^451 4\.3\.5/)
    expect(await client.say('RCPT TO:<o@other.example>')).toMatch(/^250/)
    await client.say('RSET')
    await client.say(LOGIN)
    expect(await client.say('MAIL FROM:<ann@acme.example>')).toMatch(/^451 4\.3\.5/)
  })

  it('maps what the policy throws', async () => {
    const server = await startIngress(
      {},
      { policy: { inboundTenant: () => Promise.reject(new Fault('store-unavailable')) } },
    )
    const client = await server.session()
    await client.say('MAIL FROM:<e@stranger.example>')
    expect(await client.say('RCPT TO:<a@acme.example>')).toMatch(/^451 4\.3\.0 The storage/)
  })
})

describe('limits', () => {
  it('counts recipients', async () => {
    const server = await startIngress({ limits: { recipients: 2 } })
    const client = await server.session()
    await client.say('MAIL FROM:<e@stranger.example>')
    await client.say('RCPT TO:<a@acme.example>')
    await client.say('RCPT TO:<b@acme.example>')
    expect(await client.say('RCPT TO:<c@acme.example>')).toMatch(/^452 4\.5\.3/)
  })

  it('counts connections, in total and per peer, and forgets those that ended', async () => {
    const server = await startIngress({ limits: { connectionsPerPeer: 2 } })
    const first = await server.session()
    await server.session()
    expect(await (await server.connect()).reply()).toMatch(/^421 4\.7\.0/)
    await first.say('QUIT')
    await first.ended
    await expect.poll(async () => (await server.connect()).reply()).toMatch(/^220/)
  })

  it('ends a client that drips bytes, and one that says nothing', async () => {
    const server = await startIngress({ limits: { messageMs: 300, idleMs: 2_000 } })
    const dripping = await server.session()
    await inbound(dripping)
    const drip = setInterval(() => dripping.write('x'), 20)
    expect(await dripping.reply()).toMatch(/^421 4\.4\.2/)
    clearInterval(drip)
    const silent = await server.session()
    expect(await silent.reply()).toMatch(/^421 4\.4\.2/)
    expect(server.blobs.bytes.size).toBe(0)
  })

  it.each(['end', 'reset'] as const)('keeps nothing of a client that vanishes in DATA (%s)', async (how) => {
    const server = await startIngress()
    const client = await server.session()
    await inbound(client)
    client.write('Subject: x\r\n\r\nhalf a mess')
    await new Promise((resolve) => setTimeout(resolve, 50))
    client[how]()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await expect.poll(() => server.blobs.bytes.size).toBe(0)
    expect(await server.messages()).toEqual([])
    expect(server.lines().filter(({ level }) => level === 'error')).toEqual([])
    expect((await server.session()) !== null).toBe(true)
  })
})

describe('close', () => {
  it('dismisses idle sessions and newcomers with 421 and finishes what runs', async () => {
    const server = await startIngress()
    const busy = await server.session()
    const idle = await server.session()
    await inbound(busy)
    busy.write('Subject: x\r\n')
    const closed = server.ingress.close()
    expect(await idle.reply()).toMatch(/^421 4\.3\.2/)
    expect(await (await server.connect()).reply()).toMatch(/^421 4\.3\.2/)
    busy.write('\r\nHello\r\n.\r\n')
    expect(await busy.reply()).toMatch(/^250 2\.0\.0 accepted/)
    const began = performance.now()
    expect(await busy.reply()).toMatch(/^421 4\.3\.2/)
    await closed
    // As soon as it is out, not when time is up.
    expect(performance.now() - began).toBeLessThan(5_000)
    expect((await server.messages()).length).toBe(1)
    await expect(server.connect()).rejects.toThrow('ECONNREFUSED')
  })

  it('does not wait for ever', async () => {
    const server = await startIngress({ limits: { drainMs: 200 } })
    const client = await server.session()
    await inbound(client)
    client.write('Subject: x\r\n')
    const began = performance.now()
    await server.ingress.close()
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(server.blobs.bytes.size).toBe(0)
  })
})
