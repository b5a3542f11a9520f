import { told } from '../support/load/accounting.ts'
import { killUnderLoad } from '../support/load/kill.ts'
import { loadRelay } from '../support/load/relay.ts'
import { openAccountingSink } from '../support/load/sink.ts'
import type { Campaign, Outcome } from './campaign.ts'
import { Random } from './random.ts'

/** So often in a row the next hop is away for a while: then the queue is long when the gateway is killed. */
const MOODS = 40
const AWAY = 10

/**
 * The whole gateway under load is killed at random moments and started again on the same folder; now and then the next
 * hop is away as well. The accounts must close: see `accountFor`.
 */
export const crash: Campaign = {
  name: 'crash',
  unit: 'kills',
  full: 1_000,
  quick: 3,
  async run({ count, seed, until, say }): Promise<Outcome> {
    await using sink = await openAccountingSink()
    using relay = loadRelay(sink.port)
    let lives = 0
    const { kills, account, restarts } = await killUnderLoad({
      relay: {
        ...relay,
        start() {
          const away = lives++ % MOODS < AWAY && lives < count
          sink.mood = (step) => (away && step === 'greeting' ? '421 4.3.2 not now' : undefined)
          return relay.start()
        },
      },
      sink,
      kills: count,
      random: new Random(seed),
      until,
      restMs: 600_000,
      say,
    })
    const failures = account.wrong.slice(0, 50)
    if (account.accepted < kills) failures.push(`only ${account.accepted} mails were accepted: the load was no load`)
    const slowest = Math.max(...restarts.map(({ ms }) => ms)) / 1_000
    const cpu = Math.max(...restarts.map(({ cpuMs }) => cpuMs)) / 1_000
    return {
      done: kills,
      failures,
      note: `${told(account)}; slowest start ${slowest.toFixed(1)} s, ${cpu.toFixed(1)} s of processor`,
    }
  },
}
