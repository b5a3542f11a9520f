/** What the add-in weighs and how soon it shows something, beside what the budget of the house allows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paneBrowser } from '../support/pane-browser.ts'
import { paneWeight } from '../support/pane-weight.ts'
import { type Row, rowOf } from './row.ts'

/** Bytes of the launch events, and of the pane's first load with the evaluator: the budgets are the peers. */
const LAUNCH_BUDGET = 15 * 1024
const PANE_BUDGET = 160 * 1024
/** Ms until something stands there, at a processor slowed down four times. */
const PAINT_BUDGET = 1200
const ROUNDS = 7
const FILE = join(import.meta.dirname, '../../addin/public/launchevent.js')

const about = (metric: string, unit: string) =>
  ({ bench: 'addin', metric, unit, peer: 'budget', better: 'less' }) as const

export async function* addin(say: (text: string) => void): AsyncGenerator<Row> {
  yield rowOf(about('launchevent_bytes', 'bytes'), [readFileSync(FILE).length], [LAUNCH_BUDGET])
  const { first, engine } = await paneWeight()
  say(`the pane without the evaluator: ${first} bytes`)
  yield rowOf(about('pane_gzip_bytes', 'bytes'), [first + engine], [PANE_BUDGET])

  await using browser = await paneBrowser()
  const paints: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // A context of its own: nothing is cached.
    await using open = await browser.open(
      { draft: { to: ['cert@partner.example'] } },
      {
        prepare: async (page) => {
          const session = await page.context().newCDPSession(page)
          await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
          await page.addInitScript(() => {
            const look = () => {
              if (document.querySelector('input[type=radio]')) performance.mark('ready')
              else requestAnimationFrame(look)
            }
            look()
          })
        },
      },
    )
    await open.page.waitForFunction(() => performance.getEntriesByName('ready').length > 0)
    const { paint, ready } = await open.page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      ready: performance.getEntriesByName('ready')[0]!.startTime,
    }))
    say(`round ${round + 1}: painted after ${paint.toFixed(0)} ms, ready after ${ready.toFixed(0)} ms`)
    paints.push(paint)
  }
  yield rowOf(
    about('fcp_ms_cpu4x', 'ms'),
    paints,
    paints.map(() => PAINT_BUDGET),
  )
}
