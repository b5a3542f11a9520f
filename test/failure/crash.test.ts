/** Rows 1 and 2 of docs/operate/faults-of-the-path.md. */
import { loadavg } from 'node:os'
import { expect, test } from 'vitest'
import { Random } from '../nightly/random.ts'
import { told } from '../support/load/accounting.ts'
import { killUnderLoad } from '../support/load/kill.ts'
import { loadRelay } from '../support/load/relay.ts'
import { openAccountingSink } from '../support/load/sink.ts'

const KILLS = 30
const START_MS = 5_000

test(`${KILLS} times kill -9 under load: every mail that got 250 has one end and came, twice only where the audit says uncertain`, async () => {
  await using sink = await openAccountingSink()
  using relay = loadRelay(sink.port)
  const busy = loadavg()[0]!
  const { account, restarts } = await killUnderLoad({
    relay,
    sink,
    kills: KILLS,
    random: new Random(20_261_123),
    life: { least: 50, most: 1_000 },
    restMs: 120_000,
  })
  console.info(told(account))
  expect(account.wrong).toEqual([])
  expect(account).toMatchObject({ lost: 0, phantom: 0, altered: 0, bounced: 0 })
  expect(account.accepted).toBeGreaterThan(KILLS)
  // What the start costs is the gateway's; what the clock says is also the machine's.
  expect(Math.max(...restarts.map(({ cpuMs }) => cpuMs))).toBeLessThan(START_MS)
  if (busy < 1) expect(Math.max(...restarts.map(({ ms }) => ms))).toBeLessThan(START_MS)
}, 600_000)
