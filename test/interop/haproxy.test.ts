/** Secflow behind Debian's haproxy: the client that policy, record and limits see is the real one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { MessageId } from '../../shared/domain/index.ts'
import { eventually } from '../support/delivered.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway } from '../support/gateway.ts'
import { acme, startIngress, stopIngresses } from '../support/ingress.ts'
import { smtpClient } from '../support/smtp-client.ts'
import { hasTool } from '../support/tools.ts'

/** A client that got through: the proxy may not have seen yet that we are there. */
const greeted = (port: number, host: string, from: string) =>
  eventually(`a greeting for ${from}`, async () => {
    const client = await smtpClient(port, host, from).catch(() => undefined)
    const greeting = await client?.reply().catch(() => '')
    return greeting?.startsWith('220') ? client : undefined
  })

const reason = hasTool('haproxy') ? '' : 'haproxy is not installed'

describe.skipIf(reason !== '')(`behind haproxy${reason && ` (left out: ${reason})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-haproxy-'))
  const ports = { gateway: 0, v1: 0, v2: 0, six: 0 }
  let haproxy: ChildProcess

  beforeAll(async () => {
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort()
    const listen = (name: string, bind: string, words: string) =>
      `listen ${name}\n  bind ${bind}\n  server gateway 127.0.0.1:${ports.gateway} source 127.0.0.5 ${words}\n`
    writeFileSync(
      join(folder, 'haproxy.cfg'),
      `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n${listen(
        'one',
        `127.0.0.1:${ports.v1}`,
        'send-proxy check check-send-proxy inter 200ms',
      )}${listen('two', `127.0.0.1:${ports.v2}`, 'send-proxy-v2 check check-send-proxy inter 200ms')}${listen(
        'six',
        `[::1]:${ports.six}`,
        'send-proxy-v2 proxy-v2-options crc32c,unique-id',
      )}`,
    )
    haproxy = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
  })

  afterEach(stopIngresses)
  afterAll(() => {
    haproxy?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['send-proxy', 'v1', '127.0.0.1', '127.0.0.77'],
    ['send-proxy-v2', 'v2', '127.0.0.1', '127.0.0.78'],
    ['send-proxy-v2 with a checksum, over IPv6', 'six', '::1', '::1'],
  ] as const)('%s: the client is the peer', async (_name, listener, host, from) => {
    const server = await startIngress(
      { port: ports.gateway, proxyFrom: ['127.0.0.5/32'] },
      { policy: { relay: async (peer) => (peer === from ? { tenant: acme, name: 'exchange' } : null) } },
    )
    const client = await greeted(ports[listener], host, from)
    await client.say('EHLO client.example')
    await client.say('MAIL FROM:<ann@acme.example>')
    expect(await client.say('RCPT TO:<x@anywhere.example>')).toMatch(/^250/)
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect((await server.messages())[0]!.origin).toMatchObject({ peer: from, identity: 'exchange' })
    client.destroy()
    // Health checks of the proxy are no errors.
    expect(server.lines()).toEqual([])
  })

  it('the whole gateway takes it from its configuration, and only from there', async () => {
    await using gateway = await startGateway({
      settings: { smtp: { port: ports.gateway, hostname: 'gateway.test.example', proxyFrom: ['127.0.0.5'] } },
    })
    const client = await greeted(ports.v2, '127.0.0.1', '127.0.0.79')
    await client.say('EHLO client.example')
    await client.say('MAIL FROM:<eve@stranger.example>')
    expect(await client.say('RCPT TO:<v.kern@demo.example>')).toMatch(/^250/)
    await client.say('DATA')
    client.write('From: eve@stranger.example\r\nSubject: x\r\n\r\nHello\r\n.\r\n')
    const reply = await client.reply()
    expect(reply).toMatch(/^250/)
    client.destroy()
    await using records = await gateway.records()
    const message = await records.read.message(reply.split(' ').at(-1) as MessageId)
    expect(message!.origin.peer).toBe('127.0.0.79')
    const liar = await smtpClient(gateway.smtpPort, '127.0.0.1', '127.0.0.80')
    await liar.reply()
    expect(await liar.say('PROXY TCP4 192.0.2.7 198.51.100.1 56324 25')).toMatch(/^421 4\.3\.5/)
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text()
    expect(metrics).toMatch(/secflow_smtp_refused_total\{code="proxy-header"\} 1/)
  })

  it('limits by peer hold for the client behind it', async () => {
    await startIngress({ port: ports.gateway, proxyFrom: ['127.0.0.5/32'], limits: { connectionsPerPeer: 1 } })
    const open = async (from: string) => {
      const client = await smtpClient(ports.v2, '127.0.0.1', from)
      return client.reply()
    }
    await greeted(ports.v2, '127.0.0.1', '127.0.0.90')
    expect(await open('127.0.0.91')).toMatch(/^220/)
    expect(await open('127.0.0.91')).toMatch(/^421 4\.7\.0/)
    expect(await open('127.0.0.92')).toMatch(/^220/)
  })
})
