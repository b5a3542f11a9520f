import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { loadRelay, SENDER } from '../support/load/relay.ts'
import { openAccountingSink } from '../support/load/sink.ts'
import type { Campaign, Outcome } from './campaign.ts'

const MB = 1_048_576
/** Of the server process while a mail of any size passes. */
const MOST_RSS = 300 * MB

/** One mail as large as the count says, in MB: it passes unchanged, and is never held whole. */
export const large: Campaign = {
  name: 'large-mail',
  unit: 'MB',
  full: 5_120,
  quick: 64,
  async run({ count }): Promise<Outcome> {
    const began = performance.now()
    await using sink = await openAccountingSink()
    using relay = loadRelay(sink.port, {
      settings: { smtp: { port: 0, hostname: 'gateway.test.example', maxSize: `${count + 64}MB` } },
    })
    const gateway = await relay.start()
    try {
      const sent = await send(gateway.smtpPort, count)
      const timeout = 120_000 + count * 500
      for (const until = Date.now() + timeout; sink.arrived.size === 0; ) {
        if (Date.now() > until)
          return { done: 0, failures: [`not there after ${timeout / 1000} s\n${gateway.log().slice(-2000)}`], note: '' }
        await new Promise((wait) => setTimeout(wait, 200))
      }
      const rss = gateway.peakRss()
      const failures = [
        ...(sink.last.sha256 === sent ? [] : [`the body was altered (${sink.last.size} bytes arrived)`]),
        ...(rss < MOST_RSS ? [] : [`the gateway took ${(rss / MB).toFixed(0)} MB of memory`]),
      ]
      const seconds = (performance.now() - began) / 1000
      return { done: count, failures, note: `${(count / seconds).toFixed(0)} MB/s, memory ${(rss / MB).toFixed(0)} MB` }
    } finally {
      await gateway[Symbol.asyncDispose]()
    }
  },
}

/** Sends one mail with a body of so many MB and resolves to what the sink must compute, once it was acknowledged. */
async function send(port: number, megabytes: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk) => {
    said += chunk.toString('latin1')
  })
  const expectReply = async (code: string) => {
    while (!new RegExp(`^${code} .*\\r\\n`, 'm').test(said)) {
      if (/^[45]\d\d /m.test(said)) throw new Error(`the gateway said: ${said}`)
      await once(socket, 'data')
    }
    said = ''
  }
  await expectReply('220')
  socket.write('EHLO load.test\r\n')
  await expectReply('250')
  for (const [line, code] of [
    [`MAIL FROM:<${SENDER}>`, '250'],
    ['RCPT TO:<large@peer.example>', '250'],
    ['DATA', '354'],
  ] as const) {
    socket.write(`${line}\r\n`)
    await expectReply(code)
  }
  const piece = Buffer.from(`${'QUJD'.repeat(15)}AA\r\n`.repeat(MB / 64))
  socket.write(`From: <${SENDER}>\r\nTo: <large@peer.example>\r\nSubject: large\r\n\r\n`)
  const hash = createHash('sha256').update('\r\n')
  for (let sent = 0; sent < megabytes; sent++) {
    hash.update(piece)
    if (!socket.write(piece)) await once(socket, 'drain')
  }
  socket.write('.\r\n')
  await expectReply('250')
  socket.end('QUIT\r\n')
  return hash.digest('hex')
}
