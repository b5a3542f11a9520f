/**
 * Eight mails with a file of 120 MB at once, and beside them small mail that must not notice: memory of the gateway, and how
 * long a small mail takes from its first byte to the sink. The peers are the limits that issue 4 sets.
 */
import { type Gateway, startGateway } from '../support/gateway.ts'
import { percentile } from './latency.ts'
import { sendLoad } from './load.ts'
import { type Bench, rowOf } from './row.ts'
import { startSink } from './sink.ts'
import { benchTenant, recipientsOf, SENDER, settingsFor } from './tenant.ts'

const AT_ONCE = 8
const FILE = 120 * 1024 * 1024
const MEMORY_LIMIT_MB = 300
const WAIT_LIMIT_MS = 1_000
const SMALL = 'small.example'
const SMALL_MAIL = Buffer.from(`From: ${SENDER}\r\nSubject: small\r\n\r\n${'Among giants.\r\n'.repeat(600)}`)

export const large: Bench = async function* (say) {
  await using sink = await startSink()
  using tenant = await benchTenant(sink.smsUrl)
  await using gateway = await startGateway({
    relayPort: sink.smtpPort,
    settings: settingsFor(tenant, sink),
  })
  const one = async () => {
    const { reached } = await sink.expect({ domain: SMALL, count: 1 }, 60_000)
    const began = performance.now()
    await send(gateway, 1, SMALL_MAIL, `box@${SMALL}`)
    await reached
    return performance.now() - began
  }
  const alone: number[] = []
  for (let at = 0; at < 40; at++) alone.push(await one())
  const before = gateway.peakRss() / 1e6
  say(`a small mail alone: p99 ${percentile(alone, 0.99).toFixed(0)} ms; memory ${before.toFixed(0)} MB`)
  const began = performance.now()
  const giants = send(gateway, AT_ONCE, giant(), recipientsOf('plain')[0]!)
  let accepted = Number.NaN
  giants.then(
    () => {
      accepted = performance.now() - began
    },
    () => {},
  )
  const beside: number[] = []
  while (Number.isNaN(accepted) || (await underWay(gateway)) > 0) {
    beside.push(await one())
    if (performance.now() - began > 600_000) throw new Error('the large mails did not arrive')
  }
  await giants
  const seconds = (performance.now() - began) / 1000
  const memory = gateway.peakRss() / 1e6
  say(
    `${AT_ONCE} x 120 MB accepted in ${(accepted / 1000).toFixed(1)} s, delivered in ${seconds.toFixed(1)} s (${((AT_ONCE * FILE * 2) / 1e6 / seconds).toFixed(0)} MB of files in and out a second)`,
  )
  say(
    `${beside.length} small mails beside them: p50 ${percentile(beside, 0.5).toFixed(0)}, p99 ${percentile(beside, 0.99).toFixed(0)} ms`,
  )
  const about = { bench: 'large', better: 'less' } as const
  yield rowOf({ ...about, metric: '8x120mb_memory', unit: 'MB', peer: 'limit' }, [memory], [MEMORY_LIMIT_MB])
  yield rowOf(
    { ...about, metric: 'small_mail_beside_p99', unit: 'ms', peer: 'limit' },
    [percentile(beside, 0.99)],
    [WAIT_LIMIT_MS],
  )
}

const send = (gateway: Gateway, messages: number, content: Buffer, recipient: string) =>
  sendLoad({
    port: gateway.smtpPort,
    connections: messages,
    messages,
    sender: SENDER,
    recipients: [recipient],
    content,
  })

/** Mails to the first recipient that are not with the next hop yet. */
async function underWay(gateway: Gateway): Promise<number> {
  await using records = await gateway.records('bench')
  const messages = await records.read.messages({ limit: 10_000, sender: SENDER })
  const states = await Promise.all(
    messages.filter(({ size }) => size > FILE).map(async ({ id }) => (await records.read.recipients(id))[0]?.state),
  )
  return AT_ONCE - states.filter((state) => state === 'delivered').length
}

/** As it stands on the wire: 164 MB in base64. */
function giant(): Buffer {
  const line = `${Buffer.alloc(57, 'secflow').toString('base64')}\r\n`
  const head = `From: ${SENDER}\r\nSubject: giant\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n--b\r\nContent-Type: application/octet-stream; name="scan.dcm"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="scan.dcm"\r\n\r\n`
  const body = Buffer.alloc(Math.ceil(FILE / 57) * line.length, line)
  return Buffer.concat([Buffer.from(head), body, Buffer.from('--b--\r\n')])
}
