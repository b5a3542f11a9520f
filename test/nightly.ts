/**
 * `npm run test:nightly`: what is too long for every landing. Ends with a table and `N passed, N failed, N skipped`; exit 1
 * when a campaign failed.
 *
 *     --only NAME     one campaign (may stand more than once)
 *     --quick         a few hundred of each: shows that the campaigns themselves work
 *     --minutes M     stops after so long, the time shared by the campaigns that are left
 *     --kills N       kills of the crash campaign
 *     --count N       inputs of every campaign that runs
 *     --seed S        of all campaigns; the date when left out
 */
import { parseArgs } from 'node:util'
import type { Campaign, Outcome } from './nightly/campaign.ts'
import { crash } from './nightly/crash.ts'
import { fuzz } from './nightly/fuzz.ts'
import { large } from './nightly/large.ts'
import { nodes } from './nightly/nodes.ts'
import { pdf } from './nightly/pdf.ts'
import { policyIndex } from './nightly/policy-index.ts'
import { powerCut } from './nightly/power-cut.ts'
import { properties } from './nightly/properties.ts'

const CAMPAIGNS: readonly Campaign[] = [
  fuzz('mime', 2_000_000),
  fuzz('cms', 2_000_000),
  fuzz('openpgp', 2_000_000),
  fuzz('open', 2_000_000),
  fuzz('policy', 2_000_000),
  policyIndex,
  properties,
  pdf,
  large,
  crash,
  nodes,
  powerCut,
]

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    kills: { type: 'string' },
    count: { type: 'string' },
    seed: { type: 'string' },
  },
})
const say = (line: string) => void process.stdout.write(`${line}\n`)
const unknown = (values.only ?? []).filter((name) => !CAMPAIGNS.some((one) => one.name === name))
if (unknown.length) {
  say(`There is no campaign ${unknown.join(', ')}. Campaigns: ${CAMPAIGNS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const seed = Number(values.seed ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''))
const end =
  values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000

const wanted = CAMPAIGNS.filter(({ name }) => values.only?.includes(name) ?? true)
const table: { campaign: Campaign; count: number; seconds: number; outcome: Outcome }[] = []
for (const [at, campaign] of wanted.entries()) {
  const own = campaign === crash ? (values.kills ?? values.count) : values.count
  const count = Number(own ?? (values.quick ? campaign.quick : campaign.full))
  const began = performance.now()
  const until = began + (end - began) / (wanted.length - at)
  say(`${campaign.name}: ${count} ${campaign.unit}, seed ${seed}`)
  const outcome = await campaign
    .run({ count, seed, until, say: (text) => say(`  ${text}`) })
    .catch((error: unknown) => ({
      done: 0,
      failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
      note: '',
    }))
  for (const failure of outcome.failures) say(`  FAILED ${failure}`)
  table.push({ campaign, count, seconds: (performance.now() - began) / 1000, outcome })
}

say('')
say(['campaign'.padEnd(16), 'seed'.padEnd(10), 'done'.padStart(18), 'time'.padStart(9), '  result'].join(''))
for (const { campaign, count, seconds, outcome } of table) {
  const done = `${outcome.done} of ${count} ${campaign.unit}`
  const result = outcome.failures.length
    ? `FAILED (${outcome.failures.length})`
    : outcome.done < count
      ? 'ok, cut short'
      : 'ok'
  say(
    `${campaign.name.padEnd(16)}${String(seed).padEnd(10)}${done.padStart(18)}${`${seconds.toFixed(0)} s`.padStart(9)}  ${result}  ${outcome.note}`,
  )
}
const failed = table.filter(({ outcome }) => outcome.failures.length).length
say(`${table.length - failed} passed, ${failed} failed, ${CAMPAIGNS.length - wanted.length} skipped`)
process.exit(failed ? 1 : 0)
