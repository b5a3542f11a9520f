import net from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { acme, certificate, startIngress, stopIngresses } from '../../../test/support/ingress.ts'
import { proxyV2 } from '../../../test/support/proxy-header.ts'
import { takeProxyHeader } from './proxy-reader.ts'

afterEach(stopIngresses)

const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n'
const FROM_PROXY = { proxyFrom: ['127.0.0.5/32'] }

describe('behind a proxy', () => {
  it.each([
    ['version 1', Buffer.from(V1), '192.0.2.7'],
    ['version 2', proxyV2({ source: '2001:db8::7' }), '2001:db8::7'],
    ['version 2, LOCAL', proxyV2({ command: 0 }), '127.0.0.5'],
  ])('the client is who %s says, for policy, record and trace', async (_name, header, peer) => {
    const asked: string[] = []
    const server = await startIngress(FROM_PROXY, {
      policy: {
        relay: async (address) => {
          asked.push(address)
          return { tenant: acme, name: 'exchange' }
        },
      },
    })
    const client = await server.connect('127.0.0.5')
    client.write(header)
    expect(await client.reply()).toMatch(/^220/)
    await client.say('EHLO client.example')
    await client.say('MAIL FROM:<ann@acme.example>')
    await client.say('RCPT TO:<x@anywhere.example>')
    await client.say('DATA')
    client.write('Subject: x\r\n\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(asked).toEqual([peer])
    expect((await server.messages())[0]!.origin.peer).toBe(peer)
    expect(server.spool()[0]).toContain(`(${peer.includes(':') ? `[IPv6:${peer}]` : `[${peer}]`})`)
  })

  it('a header in single bytes is read, and what follows it in the same packet is the client’s', async () => {
    const server = await startIngress(FROM_PROXY)
    const client = await server.connect('127.0.0.5')
    for (const byte of proxyV2({})) {
      client.write(Buffer.from([byte]))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(await client.reply()).toMatch(/^220/)
    const early = await server.connect('127.0.0.5')
    early.write(`${V1}EHLO too.early\r\n`)
    expect(await early.reply()).toMatch(/^220|^421 4\.7\.0/)
  })

  it.each([
    ['no header', 'EHLO client.example\r\n'],
    ['a malformed one', 'PROXY TCP4 192.0.2.7 198.51.100.1 99999 25\r\n'],
    ['version 2 with UDP', proxyV2({ family: 0x12 })],
  ])('%s from a proxy is an error', async (_name, bytes) => {
    const server = await startIngress(FROM_PROXY)
    const client = await server.connect('127.0.0.5')
    client.write(bytes)
    expect(await client.reply()).toMatch(/^421 4\.3\.5 /)
    await client.ended
    expect(server.lines()).toMatchObject([{ code: 'proxy-header', peer: '127.0.0.5' }])
  })

  it('half a header is waited for so long and no longer', async () => {
    const server = await startIngress({ ...FROM_PROXY, limits: { handshakeMs: 150 } })
    const client = await server.connect('127.0.0.5')
    client.write('PROXY TCP4 ')
    expect(await client.reply()).toMatch(/^421 4\.3\.5 /)
    await client.ended
  })

  it.each([
    ['version 1', Buffer.from(V1)],
    ['version 2', proxyV2({})],
  ])('nobody else may say who he is: %s', async (_name, header) => {
    const server = await startIngress(FROM_PROXY)
    const client = await server.connect('127.0.0.6')
    await client.reply()
    client.write(header)
    expect(await client.reply()).toMatch(/^421 4\.3\.5 /)
    await client.ended
    expect(server.lines()).toMatchObject([{ code: 'proxy-header', peer: '127.0.0.6' }])
  })

  it('counts sessions by the real client', async () => {
    const server = await startIngress({ ...FROM_PROXY, limits: { connectionsPerPeer: 1 } })
    const open = async (source: string) => {
      const client = await server.connect('127.0.0.5')
      client.write(proxyV2({ source }))
      return client.reply()
    }
    expect(await open('192.0.2.1')).toMatch(/^220/)
    expect(await open('192.0.2.1')).toMatch(/^421/)
    expect(await open('192.0.2.2')).toMatch(/^220/)
  })

  it('the loopback interface of the proxy’s machine is not ours', async () => {
    const server = await startIngress({ ...FROM_PROXY, trusted: ['127.0.0.0/8'], limits: { connectionsPerPeer: 1 } })
    const client = await server.connect('127.0.0.5')
    client.write(proxyV2({ source: '127.0.0.1' }))
    await client.reply()
    expect(await client.say('EHLO c')).not.toContain('AUTH')
    const second = await server.connect('127.0.0.5')
    second.write(proxyV2({ source: '127.0.0.1' }))
    expect(await second.reply()).toMatch(/^421/)
  })

  it('leaves a TLS handshake that follows for TLS', async () => {
    const secured = Promise.withResolvers<string>()
    const server = net.createServer((socket) => {
      void takeProxyHeader(socket, 1_000).then(({ source }) => {
        const secure = new tls.TLSSocket(socket, { isServer: true, key: certificate.key, cert: certificate.cert })
        secure.once('data', (data) => secured.resolve(`${source?.address} ${String(data)}`))
        secure.on('error', secured.reject)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const raw = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    // One packet may hold both, so the header must not take a byte of the handshake with it.
    raw.cork()
    raw.write(proxyV2({}))
    const secure = tls.connect({ socket: raw, rejectUnauthorized: false }, () => secure.write('hello'))
    setTimeout(() => raw.uncork(), 20)
    expect(await secured.promise).toBe('192.0.2.7 hello')
    secure.destroy()
    server.close()
  })
})
