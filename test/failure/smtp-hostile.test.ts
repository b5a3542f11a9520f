/** Content made to cost time or memory, sent to the real process while others send mail. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type SmtpClient, smtpClient } from '../support/smtp-client.ts'

const MB = 1_048_576
const TO = 'v.kern@demo.example'
const HEADER = 'From: eve@stranger.example\r\nTo: v.kern@demo.example\r\nSubject: hostile\r\n'

const nested = (depth: number) => {
  let head = ''
  for (let index = 0; index < depth; index++) {
    head += `Content-Type: multipart/mixed; boundary="b${index}"\r\n\r\n--b${index}\r\n`
  }
  return `${HEADER}MIME-Version: 1.0\r\n${head}\r\nend\r\n`
}
const parts = (count: number) =>
  `${HEADER}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n${'--b\r\nContent-Type: text/plain\r\n\r\nx\r\n'.repeat(count)}--b--\r\n`

/** As sent: dots are stuffed. */
const HOSTILE: readonly (readonly [name: string, content: () => string, reply: RegExp])[] = [
  ['1 MB of dots', () => `${HEADER}\r\n${'..\r\n'.repeat(MB / 4)}`, /^250 /],
  ['100,000 fields', () => `${HEADER}${'X-A: b\r\n'.repeat(100_000)}\r\n`, /^552 5\.3\.4/],
  ['many small fields', () => `${HEADER}${'X:\r\n'.repeat(5_000)}\r\n`, /^552 5\.3\.4/],
  ['a field of 2 MB in one line', () => `${HEADER}X-Long: ${'x'.repeat(2 * MB)}\r\n\r\n`, /^550 5\.6\.0/],
  [
    'a field of 2 MB, folded',
    () => `${HEADER}X-Long: x\r\n${` ${'x'.repeat(900)}\r\n`.repeat(2_330)}\r\n`,
    /^552 5\.3\.4/,
  ],
  ['60 Received fields', () => `${'Received: from a by b; now\r\n'.repeat(60)}${HEADER}\r\n`, /^554 5\.4\.6/],
  ['10,000 parts', () => parts(10_000), /^[25]50 /],
  ['500 multiparts in one another', () => nested(500), /^[25]50 /],
  [
    'base64 of 20 MB that comes to nothing',
    () =>
      `${HEADER}MIME-Version: 1.0\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${`${'A'.repeat(76)}\r\n`.repeat(270_000)}`,
    /^250 /,
  ],
]

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

async function open(): Promise<SmtpClient> {
  const client = await smtpClient(gateway.smtpPort)
  await client.reply()
  await client.say('EHLO client.example')
  return client
}

async function send(client: SmtpClient, content: string): Promise<string> {
  expect(await client.say('MAIL FROM:<eve@stranger.example>')).toMatch(/^250/)
  expect(await client.say(`RCPT TO:<${TO}>`)).toMatch(/^250/)
  expect(await client.say('DATA')).toMatch(/^354/)
  client.write(content)
  client.write('.\r\n')
  return client.reply()
}

/** Accept latencies of small mail, ms, until told to stop. */
async function others(until: () => boolean): Promise<number[]> {
  const took: number[] = []
  const one = async () => {
    const client = await open()
    while (!until()) {
      const began = performance.now()
      expect(await send(client, `${HEADER}\r\nGood morning\r\n`)).toMatch(/^250/)
      took.push(performance.now() - began)
    }
    client.destroy()
  }
  await Promise.all([one(), one(), one(), one()])
  return took.sort((a, b) => a - b)
}
const p99 = (sorted: readonly number[]) => sorted[Math.floor(sorted.length * 0.99)]!

describe('hostile content', () => {
  it.each(HOSTILE)('%s is answered within 10 s', { timeout: 30_000 }, async (_name, content, expected) => {
    const client = await open()
    const began = performance.now()
    const reply = await send(client, content())
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(reply).toMatch(expected)
    if (reply.startsWith('250')) {
      const recipients = await gateway.settled(reply.split(' ').at(-1)!)
      expect(recipients.length).toBe(1)
    }
    expect(await client.say('NOOP')).toMatch(/^250/)
    client.destroy()
  })

  it('does not slow down those who send mail meanwhile, nor fill the memory', { timeout: 240_000 }, async () => {
    // Rounds taken in turn. Other work of the machine is in all of the first and not in each of the second, that of the hostile mail is.
    // Twice what is usual, and never less than half a second: with so few mails one late timer is the 99th of a hundred.
    const alone: number[] = []
    const beside: number[] = []
    const most = () => Math.max(2 * Math.max(...alone), 500)
    for (let round = 0; round < 3 || (round < 6 && Math.min(...beside) >= most()); round++) {
      const end = Date.now() + 3_000
      alone.push(p99(await others(() => Date.now() > end)))
      let done = false
      const running = others(() => done)
      for (const [, content] of HOSTILE) {
        const client = await open()
        await send(client, content())
        client.destroy()
      }
      done = true
      beside.push(p99(await running))
    }
    const [usual, meanwhile] = [Math.max(...alone), Math.min(...beside)]
    console.info(
      `accept p99 alone ${usual.toFixed(0)} ms, beside hostile mail ${meanwhile.toFixed(0)} ms, peak RSS ${(gateway.peakRss() / MB).toFixed(0)} MB`,
    )
    expect(meanwhile).toBeLessThan(most())
    expect(gateway.peakRss()).toBeLessThan(512 * MB)
  })
})
