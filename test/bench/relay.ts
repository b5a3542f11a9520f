/**
 * Secflow as a relay beside Debian's Postfix and Haraka, interleaved: the same generator (Postfix's own smtp-source), the
 * same sink, the same disk, everybody flushes before 250. A rate counts from the first connection to the last mail at the
 * sink. Secflow evaluates a policy of 100 rules, parses, records and audits every mail; the others pass it on.
 */
import { startGateway } from '../support/gateway.ts'
import { startPostfix } from '../support/postfix.ts'
import { generate } from './generate.ts'
import { startHaraka } from './haraka.ts'
import { acceptLatencies, percentile } from './latency.ts'
import { cpuOf, memoryOf } from './process-tree.ts'
import { type Bench, type Row, rowOf } from './row.ts'
import { type BenchSink, startSink } from './sink.ts'
import { benchTenant, domainOf, recipientsOf, SENDER, settingsFor } from './tenant.ts'

const ROUNDS = 5
const AIM_S = 4
const TIMEOUT_MS = 120_000
const IDLE_RULES = 95
const KB = 1024
const MB = 1024 * KB

interface Relay {
  readonly name: 'secflow' | 'postfix' | 'haraka'
  readonly port: number
  readonly pid: number
}

interface Load {
  readonly metric: string
  readonly connections: number
  readonly bytes: number
  /** One message per connection. */
  readonly reconnect?: boolean
  readonly method?: 'plain' | 'smime'
}

const LOADS: readonly Load[] = [
  { metric: '10k_50_connections', connections: 50, bytes: 10 * KB },
  { metric: '10k_one_mail_per_connection', connections: 50, bytes: 10 * KB, reconnect: true },
  { metric: '1m_10_connections', connections: 10, bytes: MB },
]

interface Measured {
  readonly rate: number
  readonly cpuMs: number
}

export const relay: Bench = async function* (say) {
  await using sink = await startSink()
  using tenant = await benchTenant(sink.smsUrl, IDLE_RULES)
  await using gateway = await startGateway({
    relayPort: sink.smtpPort,
    settings: settingsFor(tenant, sink),
  })
  const postfix = await startPostfix({
    relayPort: sink.smtpPort,
    settings: { default_process_limit: '100', in_flow_delay: '0', smtp_destination_concurrency_limit: '20' },
  })
  const haraka = await startHaraka(sink.smtpPort)
  try {
    const relays: readonly Relay[] = [
      { name: 'postfix', port: postfix.port, pid: postfix.pid },
      { name: 'haraka', port: haraka.port, pid: haraka.pid },
      { name: 'secflow', port: gateway.smtpPort, pid: gateway.process.pid ?? 0 },
    ]
    for (const load of LOADS) yield* compared(load, relays, sink, say)
    yield* protectedMail(relays, sink, say)
    yield* latency(relays, sink, say)
    const memory = new Map(relays.map(({ name, pid }) => [name, memoryOf(pid) / 1e6]))
    say(`memory (PSS), MB: ${[...memory].map(([name, mb]) => `${name} ${mb.toFixed(0)}`).join(', ')}`)
    say(`highest resident memory of Secflow: ${(gateway.peakRss() / 1e6).toFixed(0)} MB`)
    yield rowOf(
      { bench: 'relay', metric: 'memory_after_the_run', unit: 'MB', peer: 'postfix', better: 'less' },
      [memory.get('secflow') ?? NaN],
      [memory.get('postfix') ?? NaN],
    )
  } finally {
    postfix.stop()
    await haraka.stop()
  }
}

/** One load against all relays, in turn within each round. */
async function* compared(
  load: Load,
  relays: readonly Relay[],
  sink: BenchSink,
  say: (text: string) => void,
): AsyncGenerator<Row> {
  const counts = new Map<Relay, number>()
  for (const one of relays) counts.set(one, await countFor(one, load, sink))
  const rounds = new Map<Relay, Measured[]>(relays.map((one) => [one, []]))
  // One full round for nobody's account: what compiles while it runs has then compiled what it will.
  for (const one of relays) await measure(one, load, counts.get(one)!, sink)
  for (let round = 1; round <= ROUNDS; round++) {
    for (const one of relays) rounds.get(one)!.push(await measure(one, load, counts.get(one)!, sink))
    const said = relays.map((one) => {
      const { rate, cpuMs } = rounds.get(one)!.at(-1)!
      return `${one.name} ${rate.toFixed(0)} msg/s ${cpuMs.toFixed(2)} ms`
    })
    say(`${load.metric} ${round}/${ROUNDS}: ${said.join(', ')}`)
  }
  const of = (name: Relay['name']) => rounds.get(relays.find((one) => one.name === name)!)!
  for (const peer of ['postfix', 'haraka'] as const) {
    yield rowOf(
      { bench: 'relay', metric: `${load.metric}_rate`, unit: 'msg/s', peer, better: 'more' },
      of('secflow').map(({ rate }) => rate),
      of(peer).map(({ rate }) => rate),
    )
    yield rowOf(
      { bench: 'relay', metric: `${load.metric}_cpu`, unit: 'ms/mail', peer, better: 'less' },
      of('secflow').map(({ cpuMs }) => cpuMs),
      of(peer).map(({ cpuMs }) => cpuMs),
    )
  }
}

/** Signed (RSA-2048) and encrypted, beside Secflow's own plain rate. */
async function* protectedMail(
  relays: readonly Relay[],
  sink: BenchSink,
  say: (text: string) => void,
): AsyncGenerator<Row> {
  const secflow = relays.find(({ name }) => name === 'secflow')!
  const plain = LOADS[0]!
  const smime: Load = { ...plain, method: 'smime' }
  const counts = [await countFor(secflow, plain, sink), await countFor(secflow, smime, sink)] as const
  const rates = { plain: [] as number[], smime: [] as number[] }
  for (let round = 1; round <= ROUNDS; round++) {
    rates.plain.push((await measure(secflow, plain, counts[0], sink)).rate)
    rates.smime.push((await measure(secflow, smime, counts[1], sink)).rate)
    say(`smime ${round}/${ROUNDS}: ${rates.smime.at(-1)!.toFixed(0)} of ${rates.plain.at(-1)!.toFixed(0)} msg/s plain`)
  }
  yield rowOf(
    { bench: 'relay', metric: '10k_signed_and_encrypted_rate', unit: 'msg/s', peer: 'own plain rate', better: 'more' },
    rates.smime,
    rates.plain,
  )
}

/** How long 250 takes at 100 mails a second. */
async function* latency(relays: readonly Relay[], sink: BenchSink, say: (text: string) => void): AsyncGenerator<Row> {
  const PER_SECOND = 100
  const count = PER_SECOND * 5
  const p99 = new Map<string, number[]>(relays.map(({ name }) => [name, []]))
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { name, port } of relays) {
      const { reached } = await sink.expect({ domain: domainOf('plain'), count }, TIMEOUT_MS)
      const times = await acceptLatencies({
        port,
        count,
        perSecond: PER_SECOND,
        sender: SENDER,
        recipient: recipientsOf('plain')[0]!,
      })
      await reached
      p99.get(name)!.push(percentile(times, 0.99))
    }
    say(
      `accept p99 ${round}/${ROUNDS}: ${[...p99].map(([name, all]) => `${name} ${all.at(-1)!.toFixed(1)} ms`).join(', ')}`,
    )
  }
  yield rowOf(
    { bench: 'relay', metric: 'accept_p99_at_100_per_s', unit: 'ms', peer: 'postfix', better: 'less' },
    p99.get('secflow')!,
    p99.get('postfix')!,
  )
}

/** Warms the relay up and tells how many mails take about as long as one measurement should. */
async function countFor(relay: Relay, load: Load, sink: BenchSink): Promise<number> {
  let count = 100
  for (const seconds of [1, AIM_S]) {
    const { rate } = await measure(relay, load, count, sink)
    count = Math.max(50, Math.round(rate * seconds))
  }
  return count
}

async function measure({ port, pid }: Relay, load: Load, count: number, sink: BenchSink): Promise<Measured> {
  const method = load.method ?? 'plain'
  const { reached } = await sink.expect({ domain: domainOf(method), count }, TIMEOUT_MS)
  const cpuBefore = cpuOf(pid)
  const began = performance.now()
  await generate({ ...load, port, count, from: SENDER, to: recipientsOf(method)[0]! })
  await reached
  const seconds = (performance.now() - began) / 1000
  return { rate: count / seconds, cpuMs: (cpuOf(pid) - cpuBefore) / count }
}
