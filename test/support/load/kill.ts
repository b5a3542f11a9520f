/** The gateway under load, killed at random moments and started again on the same folder. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { firstBrokenLink } from '../../../shared/domain/index.ts'
import type { Random } from '../../nightly/random.ts'
import type { Gateway } from '../gateway.ts'
import { hurry } from '../hurry.ts'
import { type Account, accountFor, sha256 } from './accounting.ts'
import { startLoad } from './client.ts'
import type { Ledger } from './ledger.ts'
import { type LoadRelay, SENDER, TENANT } from './relay.ts'
import type { AccountingSink } from './sink.ts'

export interface KillOrder {
  readonly relay: LoadRelay
  readonly sink: AccountingSink
  readonly kills: number
  readonly random: Random
  /** `performance.now()` at which to stop early. */
  readonly until?: number
  /** How long one life lasts, ms. */
  readonly life?: { readonly least: number; readonly most: number }
  /** How long everything may take to come to rest at the end, ms. */
  readonly restMs?: number
  readonly say?: (text: string) => void
}

export interface Killed {
  readonly kills: number
  readonly account: Account
  /** From the start of the command until it listened, ms of the clock and of the processor, each restart. */
  readonly restarts: readonly { readonly ms: number; readonly cpuMs: number }[]
}

/** Kernel ticks in a second. */
const TICKS = 100

export async function killUnderLoad(order: KillOrder): Promise<Killed> {
  const { relay, sink, random, life = { least: 50, most: 1_500 } } = order
  const ledger: Ledger = new Map()
  const restarts: { ms: number; cpuMs: number }[] = []
  let gateway: Gateway | null = null

  async function start(): Promise<Gateway> {
    const began = performance.now()
    const started = await relay.start()
    restarts.push({ ms: performance.now() - began, cpuMs: cpuOf(started.process.pid!) })
    gateway = started
    return started
  }

  const load = startLoad({ port: () => gateway?.smtpPort ?? null, ledger, sender: SENDER, seed: random.below(2 ** 31) })
  let kills = 0
  try {
    for (; kills < order.kills && performance.now() < (order.until ?? Number.POSITIVE_INFINITY); kills++) {
      const alive = await start()
      await pause(life.least + random.below(life.most - life.least))
      gateway = null
      await kill(alive)
      if (kills % 10 === 9) order.say?.(`${kills + 1} kills, ${ledger.size} mails sent, ${sink.mails.size} arrived`)
    }
  } finally {
    await load.stop()
  }
  // The leases of the killed last a minute, and what was deferred waits for its turn: nobody waits for that here.
  hurry(relay.folder, { leases: true })
  await using last = await start()
  const { read } = await last.records(TENANT)
  await atRest(last, order.restMs ?? 60_000)
  const account = await accountFor(ledger, sink.mails, read, SENDER)
  const broken = firstBrokenLink(await read.audit({ limit: 100_000_000 }), sha256)
  const wrong = [...account.wrong, ...(broken ? [`the audit chain is broken at ${JSON.stringify(broken)}`] : [])]
  return { kills, account: { ...account, wrong }, restarts }
}

/** As `kill -9` does; its folder stays. */
export async function kill(gateway: Gateway): Promise<void> {
  const ended = once(gateway.process, 'exit')
  gateway.process.kill('SIGKILL')
  await ended
  await gateway[Symbol.asyncDispose]()
}

/** Waits until nothing of the tenant is on its way, at most so long, doing `each` between looks; what still is the account names. */
export async function atRest(gateway: Gateway, ms: number, each?: () => Promise<unknown>): Promise<void> {
  const { read } = await gateway.records(TENANT)
  for (const end = Date.now() + ms; Date.now() < end; await pause(250)) {
    await each?.()
    const counts = await read.jobCounts()
    if (counts.every(({ state }) => state === 'dead' || state === 'held')) return
  }
}

/** User and system time of a process and its threads so far, ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS
}
