/**
 * The whole relay at 10 KB: accept over SMTP, parse, decide, transform, deliver, for each way of protecting; beside it
 * Postfix, which only passes on, to the same sink on the same disk. A rate counts from the first connection to the last
 * mail at the sink, so a queue that only grows gains nothing.
 */
import { startGateway } from '../support/gateway.ts'
import { startPostfix } from '../support/postfix.ts'
import { sendLoad } from './load.ts'
import { type Bench, rowOf } from './row.ts'
import { type BenchSink, startSink } from './sink.ts'
import { type BenchMethod, benchTenant, domainOf, METHODS, recipientsOf, SENDER, settingsFor } from './tenant.ts'

const CONNECTIONS = 50
const ROUNDS = 5
/** How long one measurement should take, s: with five subjects and five rounds well under three minutes. */
const AIM_S = 2
/** Mails of the first run, and of any other at least. */
const FEWEST = 16
const TIMEOUT_MS = 40_000

/** What a copy that was protected so must look like; a relay that skips its work is fast. */
const FORM: Readonly<Record<BenchMethod, RegExp>> = {
  plain: /^Content-Type: multipart\/mixed/im,
  smime: /^Content-Type: application\/pkcs7-mime/im,
  pgp: /^Content-Type: multipart\/encrypted/im,
  pdf: /^Content-Type: application\/pdf/im,
}

interface Subject {
  readonly name: string
  readonly method: BenchMethod
  readonly port: number
  /** Mails of one measurement, from the rate of the warm-up. */
  messages: number
  readonly rates: number[]
}

export const smoke: Bench = async function* (say) {
  await using sink = await startSink()
  using tenant = await benchTenant(sink.smsUrl)
  await using gateway = await startGateway({
    relayPort: sink.smtpPort,
    settings: settingsFor(tenant, sink),
    env: { ...(process.env.NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS: process.env.NODE_OPTIONS }) },
  })
  const postfix = await startPostfix({
    relayPort: sink.smtpPort,
    settings: { default_process_limit: '100', in_flow_delay: '0' },
  })
  try {
    const peer: Subject = { name: 'postfix', method: 'plain', port: postfix.port, messages: FEWEST, rates: [] }
    const ours = METHODS.map(
      (method): Subject => ({ name: method, method, port: gateway.smtpPort, messages: FEWEST, rates: [] }),
    )
    const subjects = [peer, ...ours]
    for (const subject of subjects) {
      // Each run fills caches and compiles, and tells how many mails the next one may have.
      const rates: number[] = []
      for (const seconds of [1, AIM_S]) {
        rates.push(await measure(subject, sink))
        subject.messages = Math.max(FEWEST, Math.round(rates.at(-1)! * seconds))
      }
      say(`warm-up ${subject.name} ${rates.map((rate) => rate.toFixed(0)).join(', ')} msg/s`)
    }
    for (let round = 1; round <= ROUNDS; round++) {
      for (const subject of subjects) subject.rates.push(await measure(subject, sink))
      say(
        `round ${round}/${ROUNDS}: ${subjects.map(({ name, rates }) => `${name} ${rates.at(-1)!.toFixed(0)}`).join(', ')} msg/s`,
      )
    }
    say(`peak memory of the gateway ${(gateway.peakRss() / 1e6).toFixed(0)} MB`)
    for (const { method, rates } of ours) {
      const about = { bench: 'smoke', metric: `${method}_10k_msgs_per_s`, unit: 'msg/s', peer: 'postfix pass-through' }
      yield rowOf({ ...about, better: 'more' }, rates, peer.rates)
    }
  } catch (error) {
    say(`the gateway said:\n${gateway.log().slice(-4000)}`)
    throw error
  } finally {
    postfix.stop()
  }
}

/** Sends a batch and waits until all of it is at the sink: mails per second. */
async function measure({ name, method, port, messages }: Subject, sink: BenchSink): Promise<number> {
  const { reached } = await sink.expect({ domain: domainOf(method), count: messages }, TIMEOUT_MS)
  const began = performance.now()
  await sendLoad({
    port,
    connections: CONNECTIONS,
    messages,
    sender: SENDER,
    recipients: recipientsOf(method),
    content: MAIL,
  })
  const { head, others } = await reached
  const seconds = (performance.now() - began) / 1000
  if (others.length) throw new Error(`${name}: mail nobody expects, ${others.map((one) => one.join(' ')).join(', ')}`)
  if (!FORM[method].test(head)) throw new Error(`${name}: the copy is not ${method}:\n${head.slice(0, 1500)}`)
  return messages / seconds
}

/** 10,240 bytes: a letter of 2 KB and a file of 5.5 KB. */
const MAIL = tenKilobytes()

function tenKilobytes(): Buffer {
  const header = [
    `From: Sender <${SENDER}>`,
    'To: Recipient <recipient@elsewhere.example>',
    'Subject: Quarterly figures',
    'Date: Mon, 23 Nov 2026 10:00:00 +0000',
    'Message-ID: <bench@bench.example>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="bench"',
  ]
  const letter = 'The figures of the quarter are attached. Please tell me by Friday what is missing.\r\n'.repeat(25)
  const start = `${header.join('\r\n')}\r\n\r\n--bench\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${letter}\r\n--bench\r\nContent-Type: application/octet-stream; name="figures.bin"\r\nContent-Disposition: attachment; filename="figures.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n`
  const end = '\r\n--bench--\r\n'
  const room = 10_240 - start.length - end.length
  const data = Buffer.alloc(6_000, 'figures').toString('base64').replace(/.{76}/g, '$&\r\n')
  return Buffer.from(`${start}${data.slice(0, room)}${end}`)
}
