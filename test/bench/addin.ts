/** What the add-in weighs, beside what the budget of the house allows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Row, rowOf } from './row.ts'

/** Bytes of the launch events: the budget is the peer. */
const LAUNCH_BUDGET = 15 * 1024
const FILE = join(import.meta.dirname, '../../addin/public/launchevent.js')

export async function* addin(): AsyncGenerator<Row> {
  yield rowOf(
    { bench: 'addin', metric: 'launchevent_bytes', unit: 'bytes', peer: 'budget', better: 'less' },
    [readFileSync(FILE).length],
    [LAUNCH_BUDGET],
  )
}
