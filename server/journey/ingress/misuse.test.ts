import { afterEach, describe, expect, it } from 'vitest'
import { startIngress, stopIngresses } from '../../../test/support/ingress.ts'
import type { SmtpClient } from '../../../test/support/smtp-client.ts'

afterEach(stopIngresses)

const LOGIN = `AUTH PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}`
const WRONG = `AUTH PLAIN ${Buffer.from('\0ann\0guess').toString('base64')}`
const RELAY = { relay: async () => null }

async function send(client: SmtpClient, content = 'Subject: x\r\n\r\n.\r\n'): Promise<string> {
  await client.say('MAIL FROM:<eve@stranger.example>')
  await client.say('RCPT TO:<ann@acme.example>')
  await client.say('DATA')
  client.write(content)
  return client.reply()
}

describe('commands', () => {
  it.each([
    ['NUL', 'NOOP\0', '500 5.5.2'],
    ['a control character', 'EHLO a\x07b', '500 5.5.2'],
    ['a bare CR', 'NOOP\rMAIL FROM:<a@b.example>', '500 5.5.2'],
    ['a bare LF', 'NOOP\nNOOP', '500 5.5.2'],
    ['bytes beyond ASCII', 'EHLO käse.example', '500 5.5.2'],
    ['5,000 octets', `NOOP ${'x'.repeat(5_000)}`, '500 5.5.2'],
    ['an address beyond ASCII without SMTPUTF8', 'MAIL FROM:<jörg@stranger.example>', '553 5.6.7'],
    ['an unknown parameter', 'MAIL FROM:<e@stranger.example> X-PRIORITY=1', '555 5.5.4'],
    ['a parameter twice', 'MAIL FROM:<e@stranger.example> SIZE=1 SIZE=2', '501 5.5.4'],
    ['RET of no kind', 'MAIL FROM:<e@stranger.example> RET=ALL', '501 5.5.4'],
    ['ENVID that is no xtext', 'MAIL FROM:<e@stranger.example> ENVID=a+zz', '501 5.1.7'],
    ['SIZE that is no number', 'MAIL FROM:<e@stranger.example> SIZE=-1', '501 5.5.4'],
    ['BODY that needs BDAT', 'MAIL FROM:<e@stranger.example> BODY=BINARYMIME', '501 5.5.4'],
    ['no brackets', 'MAIL FROM:e@stranger.example', '501 5.1.7'],
    ['BDAT', 'BDAT 10', '500 5.5.2'],
    ['AUTH without TLS', LOGIN, '500 5.5.2'],
  ])('%s is refused with %#, and the session goes on', async (_name, line, expected) => {
    const server = await startIngress({ clearTextAuthFromLoopback: false })
    const client = await server.session()
    expect((await client.say(line)).slice(0, 9)).toBe(expected)
    if (line.includes('\n')) expect(await client.reply()).toMatch(/^250/)
    expect(await send(client)).toMatch(/^250 2\.0\.0/)
    expect((await server.messages()).length).toBe(1)
  })

  it.each([
    ['NOTIFY of no kind', 'NOTIFY=SOMETIMES'],
    ['NOTIFY twice', 'NOTIFY=SUCCESS NOTIFY=FAILURE'],
    ['NOTIFY without a value', 'NOTIFY'],
    ['NOTIFY=NEVER and more', 'NOTIFY=NEVER,SUCCESS'],
    ['ORCPT without a type', 'ORCPT=ann@acme.example'],
    ['ORCPT with a line end', 'ORCPT=rfc822;a+0D+0Ab'],
    ['ORCPT that is too long', `ORCPT=rfc822;${'x'.repeat(500)}`],
  ])('%s at RCPT is a syntax error', async (_name, parameter) => {
    const server = await startIngress()
    const client = await server.session()
    await client.say('MAIL FROM:<e@stranger.example>')
    expect(await client.say(`RCPT TO:<ann@acme.example> ${parameter}`)).toMatch(/^501 5\./)
    expect(await client.say('RCPT TO:<ann@acme.example>')).toMatch(/^250/)
  })

  it('takes quoted local parts, address literals and source routes', async () => {
    const server = await startIngress()
    const client = await server.session()
    await client.say('MAIL FROM:<@relay.example:"eve @ home"@[192.0.2.1]>')
    expect(await client.say('RCPT TO:<@hop.example,@hop2.example:"ann lee"@ACME.example>')).toMatch(/^250/)
    expect(await client.say('RCPT TO:<"ann"@acme.example>')).toMatch(/^250/)
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    const [message] = await server.messages()
    expect(message!.envelope.mailFrom).toBe('"eve @ home"@[192.0.2.1]')
    expect(message!.envelope.recipients.map(({ address }) => address)).toEqual([
      '"ann lee"@acme.example',
      'ann@acme.example',
    ])
  })

  it('does not keep the parameters of a refused MAIL for the next one', async () => {
    const server = await startIngress()
    const client = await server.session()
    await client.say(LOGIN)
    expect(await client.say('MAIL FROM:<boss@acme.example> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=x')).toMatch(/^550/)
    await client.say('MAIL FROM:<ann@acme.example>')
    expect(await client.say('RCPT TO:<jörg@partner.example>')).toMatch(/^553 5\.6\.7/)
    await client.say('RCPT TO:<j@partner.example>')
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    await client.reply()
    const [message] = await server.messages()
    expect(message!.envelope).toMatchObject({ smtputf8: false, body: '7BIT' })
    expect(message!.envelope).not.toHaveProperty('ret')
    expect(message!.envelope).not.toHaveProperty('envid')
  })

  it('hears the same however the bytes are cut', async () => {
    const dialogue =
      'EHLO c.example\r\nMAIL FROM:<e@stranger.example>\r\nRCPT TO:<ann@acme.example>\r\nDATA\r\nSubject: x\r\n\r\n..a\r\nb\r\n..\r\n.\r\nNOOP\r\n'
    for (const size of [1, 2, 3, 5, 7, 1_000]) {
      const server = await startIngress()
      const client = await server.connect()
      await client.reply()
      for (let at = 0; at < dialogue.length; at += size) {
        client.write(dialogue.slice(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (const expected of [/^250-/, /^250/, /^250/, /^354/, /^250 2\.0\.0/, /^250/]) {
        expect(await client.reply()).toMatch(expected)
      }
      expect(server.spool()[0]).toMatch(/\r\n\r\n\.a\r\nb\r\n\.\r\n$/)
    }
  })

  it('a line that is no command ends an exchange of AUTH: the next one is no password', async () => {
    const server = await startIngress()
    const client = await server.session()
    expect(await client.say('AUTH LOGIN')).toMatch(/^334/)
    expect(await client.say('\0')).toMatch(/^500/)
    expect(await client.say('NOOP')).toBe('250 2.0.0 OK')
  })

  it('writes of a refusal once in a transaction, and again in the next', async () => {
    const server = await startIngress()
    const client = await server.session()
    for (const _ of [1, 2]) {
      await client.say('MAIL FROM:<eve@stranger.example>')
      for (const user of ['a', 'b', 'c']) await client.say(`RCPT TO:<${user}@nowhere.example>`)
      await client.say('RSET')
    }
    expect(server.lines().map(({ code }) => code)).toEqual(['relay-denied', 'relay-denied'])
    expect(server.counted('smtp_refused_total relay-denied')).toBe(6)
  })

  it('ends a flood of unknown commands: one reply each, one line, then 421', async () => {
    const server = await startIngress()
    const client = await server.session()
    client.write('FLOOD\r\n'.repeat(5_000))
    const replies = []
    for (;;) {
      const reply = await client.reply().catch(() => null)
      if (reply === null) break
      replies.push(reply)
    }
    expect(replies.length).toBe(10)
    expect(replies.at(-1)).toMatch(/^421 4\.7\.0/)
    expect(server.lines().map(({ code }) => code)).toEqual(['500', 'too-many-errors'])
    expect(server.counted('smtp_refused_total 500')).toBe(9)
  })

  it('ends a flood of commands that do nothing', async () => {
    const server = await startIngress({ limits: { idleCommands: 20 } })
    const client = await server.session()
    client.write('NOOP\r\n'.repeat(500))
    let last = ''
    let count = 0
    for (let reply: string | null = ''; reply !== null; count++) {
      last = reply || last
      reply = await client.reply().catch(() => null)
    }
    expect(last).toMatch(/^421 4\.7\.0/)
    expect(count).toBeLessThan(25)
  })

  it('ends a line without an end, and keeps nothing of it', async () => {
    const server = await startIngress()
    const client = await server.session()
    client.write(Buffer.alloc(2 * 1024 * 1024, 'x'))
    expect(await client.reply()).toMatch(/^421 4\.7\.0/)
    await client.ended
  })

  it.each(['GET / HTTP/1.1', 'POST /mail HTTP/1.1'])('%s is not SMTP', async (line) => {
    const server = await startIngress()
    const client = await server.session()
    expect(await client.say(line)).toMatch(/^421 4\.7\.0 This is not how SMTP/)
    await client.ended
  })
})

describe('smuggling', () => {
  it('answers what is pipelined after the data as commands, once', async () => {
    const server = await startIngress()
    const client = await server.session()
    await client.say('MAIL FROM:<eve@stranger.example>')
    await client.say('RCPT TO:<ann@acme.example>')
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\ngarbage\r\n.\r\nNOOP\r\n')
    expect(await client.reply()).toMatch(/^250 2\.0\.0/)
    expect(await client.reply()).toMatch(/^500/)
    expect(await client.reply()).toMatch(/^500/)
    expect(await client.reply()).toMatch(/^250/)
    expect((await server.messages()).length).toBe(1)
  })

  it('takes no command out of data that was refused early', async () => {
    const server = await startIngress({}, { accept: { messageBytes: 2_000 } })
    const client = await server.session()
    const commands =
      'MAIL FROM:<evil@stranger.example>\r\nRCPT TO:<ann@acme.example>\r\nDATA\r\nSubject: in\r\n\r\nin\r\n..\r\n'
    expect(await send(client, `Subject: x\r\n\r\n${'x'.repeat(900)}\r\n${commands.repeat(300)}.\r\n`)).toMatch(
      /^552 5\.3\.4/,
    )
    expect(await client.say('NOOP')).toMatch(/^250/)
    expect(await server.messages()).toEqual([])
  })

  it('drops what was sent behind STARTTLS in clear text', async () => {
    const server = await startIngress()
    const client = await server.session()
    client.write('STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<evil@stranger.example>\r\nRSET\r\n')
    expect(await client.reply()).toMatch(/^220/)
    // The handshake cannot begin with what was injected; or it does, and none of it was heard.
    await client.startTls().catch(() => {})
    const reply = await client.say('MAIL FROM:<eve@stranger.example>').catch(() => null)
    if (reply !== null) expect(reply).toMatch(/^503/)
    expect(await server.messages()).toEqual([])
  })

  it('answers DATA without a recipient, and reads what follows as commands', async () => {
    const server = await startIngress()
    const client = await server.session()
    client.write('MAIL FROM:<e@stranger.example>\r\nRCPT TO:<x@nowhere.example>\r\nDATA\r\nNOOP\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(await client.reply()).toMatch(/^550 5\.7\.1/)
    expect(await client.reply()).toMatch(/^503 5\.5\.1/)
    expect(await client.reply()).toMatch(/^250/)
  })

  it('does not count it as misuse when 200 pipelined commands follow a refused MAIL', async () => {
    const server = await startIngress({}, { policy: { ...RELAY, policyReady: () => false } })
    const client = await server.session()
    await client.say(LOGIN)
    client.write(`MAIL FROM:<ann@acme.example>\r\n${'RCPT TO:<x@partner.example>\r\n'.repeat(200)}DATA\r\nRSET\r\n`)
    expect(await client.reply()).toMatch(/^451 4\.3\.5/)
    for (let index = 0; index < 201; index++) expect(await client.reply()).toMatch(/^503/)
    expect(await client.reply()).toMatch(/^250/)
  })
})

describe('limits by peer', () => {
  it('slows down one who tries recipients, then ends it, whatever connection it comes by', async () => {
    const server = await startIngress({ limits: { refusedRecipientsPerPeer: 10, slowDownMs: 200 } })
    const client = await server.session()
    await client.say('MAIL FROM:<eve@stranger.example>')
    const took: number[] = []
    for (let index = 0; index < 10; index++) {
      const began = performance.now()
      expect(await client.say(`RCPT TO:<user${index}@nowhere.example>`)).toMatch(/^550/)
      took.push(performance.now() - began)
    }
    expect(took[9]! - took[0]!).toBeGreaterThan(100)
    expect(await client.say('RCPT TO:<user@nowhere.example>')).toMatch(/^421 4\.7\.0/)
    const again = await server.session()
    await again.say('MAIL FROM:<eve@stranger.example>')
    expect(await again.say('RCPT TO:<user@nowhere.example>')).toMatch(/^421 4\.7\.0/)
    const other = await server.session('127.0.0.2')
    await other.say('MAIL FROM:<eve@stranger.example>')
    expect(await other.say('RCPT TO:<user@nowhere.example>')).toMatch(/^550/)
    expect(server.counted('smtp_refused_total relay-denied')).toBe(11)
    expect(server.counted('smtp_limited_total refusedRecipients')).toBe(2)
    // One line for each session and reason, not one for each recipient.
    expect(server.lines().length).toBe(4)
  })

  it('limits messages and recipients in a minute with 450', async () => {
    const server = await startIngress({ limits: { messagesPerPeer: 2, recipientsPerPeer: 4 } })
    const client = await server.session()
    expect(await send(client)).toMatch(/^250/)
    await client.say('MAIL FROM:<eve@stranger.example>')
    for (const user of ['a', 'b', 'c']) expect(await client.say(`RCPT TO:<${user}@acme.example>`)).toMatch(/^250/)
    expect(await client.say('RCPT TO:<d@acme.example>')).toMatch(/^450 4\.7\.28/)
    await client.say('RSET')
    expect(await client.say('MAIL FROM:<eve@stranger.example>')).toMatch(/^450 4\.7\.28/)
    expect(await (await server.session('127.0.0.2')).say('MAIL FROM:<eve@stranger.example>')).toMatch(/^250/)
  })

  it('asks nobody about a password after too many wrong ones from a peer', async () => {
    let asked = 0
    const server = await startIngress(
      { limits: { failedSignInsPerPeer: 4, authFailures: 3 } },
      {
        policy: {
          authenticate: async () => {
            asked++
            return null
          },
        },
      },
    )
    for (let session = 0; session < 4; session++) {
      const client = await server.session()
      let reply = ''
      for (let index = 0; index < 3 && !reply.startsWith('421'); index++) reply = await client.say(WRONG)
      expect(reply).toMatch(/^421 4\.7\.0/)
    }
    expect(asked).toBe(4)
  })

  it('lets trusted and known networks do what strangers may not', async () => {
    const limits = { messagesPerPeer: 1, connectionsPerPeer: 1, refusedRecipientsPerPeer: 1, slowDownMs: 0 }
    const server = await startIngress({ trusted: ['127.0.0.8/32'], known: ['127.0.0.9/32'], limits })
    for (const from of ['127.0.0.8', '127.0.0.9']) {
      await server.session(from)
      const client = await server.session(from)
      expect(await send(client)).toMatch(/^250/)
      expect(await send(client)).toMatch(/^250/)
      await client.say('MAIL FROM:<eve@stranger.example>')
      await client.say('RCPT TO:<x@nowhere.example>')
      expect(await client.say('RCPT TO:<x@nowhere.example>')).toMatch(from === '127.0.0.8' ? /^550/ : /^421/)
    }
  })

  it('keeps a part of the sessions for mail servers it knows', async () => {
    const server = await startIngress({ known: ['127.0.0.9/32'], limits: { connections: 10, reserved: 4 } })
    for (let index = 0; index < 6; index++) await server.session()
    expect(await (await server.connect()).reply()).toMatch(/^421 4\.7\.0/)
    expect(await send(await server.session('127.0.0.9'))).toMatch(/^250/)
  })

  it('ends a session after so many messages, and after so long', async () => {
    const server = await startIngress({ limits: { messages: 2, sessionMs: 60_000 } })
    const client = await server.session()
    await send(client)
    await send(client)
    expect(await client.say('MAIL FROM:<eve@stranger.example>')).toMatch(/^421 4\.7\.0 This session/)
    await client.ended
    const short = await startIngress({ limits: { sessionMs: 100 } })
    expect(await (await short.session()).reply()).toMatch(/^421 4\.7\.0 This session/)
  })
})
