import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { FINAL_STATES, firstBrokenLink } from '../../shared/domain/index.ts'
import type { Gateway } from '../support/gateway.ts'
import { smtpClient } from '../support/smtp-client.ts'
import type { Campaign, Outcome } from './campaign.ts'
import { Random } from './random.ts'
import { nightlyRelay, SENDER, TENANT } from './relay.ts'
import { openNightlySink } from './sink.ts'

const CONNECTIONS = 8
/** Leases of killed workers last a minute; then everything has to come to rest. */
const REST_MS = 240_000
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/**
 * The whole gateway under load is killed at random moments and started again on the same folder. Whatever got 250 must reach
 * the next hop at least once and stand as delivered in the records, once; the audit chain must be whole.
 */
export const crash: Campaign = {
  name: 'crash',
  unit: 'kills',
  full: 1_000,
  quick: 3,
  async run({ count, seed, until, say }): Promise<Outcome> {
    const random = new Random(seed)
    const failures: string[] = []
    const accepted = new Set<string>()
    await using sink = await openNightlySink()
    using relay = nightlyRelay(sink.port)
    let kills = 0
    for (let next = 0; kills < count && performance.now() < until; kills++) {
      const gateway = await relay.start()
      const stop = { now: false }
      const load = Array.from({ length: CONNECTIONS }, () =>
        session(gateway, stop, () => `m${next++}@peer.example`, accepted),
      )
      await pause(50 + random.below(1_500))
      gateway.process.kill('SIGKILL')
      stop.now = true
      await Promise.all([once(gateway.process, 'exit'), ...load])
      await gateway[Symbol.asyncDispose]()
      if (kills % 10 === 9) say(`${kills + 1} kills, ${accepted.size} mails accepted, ${sink.arrived.size} arrived`)
    }
    const gateway = await relay.start()
    const states = await settled(gateway, accepted)
    for (const address of accepted) {
      const found = states.get(address) ?? []
      if (!sink.arrived.has(address))
        failures.push(`${address} was accepted and never arrived (${found.join() || 'no record'})`)
      if (found.length !== 1 || found[0] !== 'delivered')
        failures.push(`${address} has ${found.length} records: ${found.join()}`)
    }
    const audit = await (await gateway.records(TENANT)).read.audit({ limit: 100_000_000 })
    const broken = firstBrokenLink(audit, sha256)
    if (broken !== null) failures.push(`the audit chain is broken at ${JSON.stringify(broken)}`)
    await gateway[Symbol.asyncDispose]()
    if (accepted.size < kills) failures.push(`only ${accepted.size} mails were accepted: the load was no load`)
    const twice = [...sink.arrived.values()].filter((times) => times > 1).length
    return {
      done: kills,
      failures: failures.slice(0, 50),
      note: `${accepted.size} accepted, ${twice} arrived more than once`,
    }
  },
}

/** Hands in mail after mail until the gateway dies; remembers what was acknowledged. */
async function session(
  gateway: Gateway,
  stop: { now: boolean },
  address: () => string,
  accepted: Set<string>,
): Promise<void> {
  try {
    const client = await smtpClient(gateway.smtpPort)
    await client.reply()
    await client.say('EHLO load.test')
    while (!stop.now) {
      const to = address()
      await client.say(`MAIL FROM:<${SENDER}>`)
      await client.say(`RCPT TO:<${to}>`)
      await client.say('DATA')
      client.write(
        `From: <${SENDER}>\r\nTo: <${to}>\r\nSubject: ${to}\r\n\r\n${'What was promised is kept.\r\n'.repeat(40)}.\r\n`,
      )
      if ((await client.reply()).startsWith('250')) accepted.add(to)
    }
  } catch {
    // The kill ends the session; what it had not acknowledged was not accepted.
  }
}

/** Recipient states by address, once none is on the way any more or the time is over. */
async function settled(gateway: Gateway, accepted: ReadonlySet<string>): Promise<Map<string, string[]>> {
  const { read } = await gateway.records(TENANT)
  for (const end = Date.now() + REST_MS; ; await pause(2_000)) {
    const states = new Map<string, string[]>()
    let open = 0
    for (const { type, message } of await read.audit({ limit: 100_000_000 })) {
      if (type !== 'message.accepted' || message === null) continue
      for (const { address, state } of await read.recipients(message)) {
        states.set(address, [...(states.get(address) ?? []), state])
        if (!FINAL_STATES.includes(state) && accepted.has(address)) open++
      }
    }
    if (open === 0 || Date.now() > end) return states
  }
}
