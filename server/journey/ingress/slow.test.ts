import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startIngress, stopIngresses } from '../../../test/support/ingress.ts'
import type { SmtpClient } from '../../../test/support/smtp-client.ts'

afterEach(stopIngresses)

const inbound = async (client: SmtpClient) => {
  await client.say('MAIL FROM:<eve@stranger.example>')
  await client.say('RCPT TO:<ann@acme.example>')
  return client.say('DATA')
}

/** Writes a byte now and then until the server has enough of it. */
async function drip(client: SmtpClient, everyMs: number): Promise<void> {
  const timer = setInterval(() => client.write('x'), everyMs)
  await client.ended
  clearInterval(timer)
}

describe('slow clients', () => {
  it('a command has to be whole in time, however its bytes drip in', async () => {
    const server = await startIngress({ limits: { idleMs: 1_000 } })
    const client = await server.session()
    const began = performance.now()
    const ended = drip(client, 20)
    expect(await client.reply()).toBe('421 4.4.2 No complete command came in time')
    await ended
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(server.lines()).toMatchObject([{ level: 'info', code: 'command-timeout', peer: '127.0.0.1' }])
    expect(server.counted('smtp_refused_total command-timeout')).toBe(1)
  })

  it('content has to come at a least rate; a slow one that keeps it is heard to the end', async () => {
    const limits = { progressMs: 1_500, progressBytes: 100, idleMs: 10_000 }
    const server = await startIngress({ limits })
    const dripping = await server.session()
    await inbound(dripping)
    const ended = drip(dripping, 20)
    expect(await dripping.reply()).toMatch(/^421 4\.4\.2/)
    await ended
    expect(server.blobs.bytes.size).toBe(0)

    const steady = await server.session()
    await inbound(steady)
    steady.write('Subject: x\r\n\r\n')
    for (let index = 0; index < 16; index++) {
      steady.write(`${'y'.repeat(70)}\r\n`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    steady.write('.\r\n')
    expect(await steady.reply()).toMatch(/^250 2\.0\.0/)
    expect(server.lines().length).toBe(1)
  })

  it('a mail that waits for us is not late', async () => {
    const server = await startIngress(
      { limits: { progressMs: 500, idleMs: 500, crowdedIdleMs: 500 } },
      {
        policy: {
          inboundTenant: async () => {
            await new Promise((resolve) => setTimeout(resolve, 1_500))
            return (await import('../../../test/support/ingress.ts')).acme
          },
        },
      },
    )
    const client = await server.session()
    client.write('MAIL FROM:<eve@stranger.example>\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(await client.say('RCPT TO:<ann@acme.example>')).toMatch(/^250/)
  })

  it('a TLS handshake that does not come is cut off', async () => {
    const server = await startIngress({ limits: { handshakeMs: 200 } })
    const client = await server.session()
    expect(await client.say('STARTTLS')).toMatch(/^220/)
    const began = performance.now()
    await client.ended
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(server.counted('smtp_refused_total command-timeout')).toBe(1)
  })

  it('strangers have less time while most sessions are taken', async () => {
    const server = await startIngress({
      known: ['127.0.0.9/32'],
      limits: { connections: 10, reserved: 0, crowdedIdleMs: 1_000, idleMs: 60_000 },
    })
    const relay = await server.session('127.0.0.9')
    const first = await server.session()
    for (let index = 0; index < 7; index++) await server.session()
    expect(await first.reply()).toMatch(/^421 4\.4\.2/)
    expect(await relay.say('NOOP')).toMatch(/^250/)
  })

  it('a thousand slow connections are not noticed by those who send mail', { timeout: 120_000 }, async () => {
    // On a busy machine this takes longer than strangers have: they are to stay.
    const patient = { idleMs: 120_000, crowdedIdleMs: 120_000 }
    const server = await startIngress({
      trusted: ['127.0.0.9/32'],
      limits: { connections: 500, reserved: 50, connectionsPerPeer: 100, messagesPerPeer: 0, ...patient },
    })
    const one = async () => {
      const began = performance.now()
      const client = await server.session('127.0.0.9')
      await inbound(client)
      client.write(`Subject: x\r\n\r\n${'x'.repeat(70)}\r\n.\r\n`)
      expect(await client.reply()).toMatch(/^250/)
      client.destroy()
      return performance.now() - began
    }
    const p99 = async () => {
      const took = []
      for (let index = 0; index < 100; index++) took.push(await one())
      return took.sort((a, b) => a - b)[98]!
    }
    // What the other work of the machine makes of it, too.
    const alone = Math.max(await p99(), await p99(), await p99())
    const before = process.memoryUsage().rss
    const slow: net.Socket[] = []
    const replies = { greeted: 0, refused: 0 }
    for (let index = 0; index < 1_000; index++) {
      const socket = net.connect({ port: server.port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (index % 6)}` })
      socket.on('error', () => {})
      socket.once('data', (data) => {
        if (data.toString().startsWith('220')) replies.greeted++
        else replies.refused++
      })
      slow.push(socket)
      if (index % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    while (replies.greeted + replies.refused < 1_000) await new Promise((resolve) => setTimeout(resolve, 20))
    const timer = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write('x')
    }, 500)
    // That other work is not in every round, what the slow ones take is.
    const most = 2 * alone + 20
    let beside = Number.POSITIVE_INFINITY
    for (let round = 0; round < 8 && beside >= most; round++) beside = Math.min(beside, await p99())
    clearInterval(timer)
    for (const socket of slow) socket.destroy()
    expect(replies.greeted).toBe(450)
    expect(server.counted('smtp_refused_total too-many-connections')).toBe(550)
    // One line for a peer and reason in a minute, not one for each connection.
    expect(server.lines().length).toBeLessThanOrEqual(6)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
    expect(beside).toBeLessThan(most)
  })
})
