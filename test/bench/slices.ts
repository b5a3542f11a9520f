/** The longest work between two turns of the event loop, for inputs that are large or hostile, in CPU time of its thread. */

import { longCrypto } from '../support/long-crypto.ts'
import { longWork } from '../support/long-work.ts'
import { leastLongestSlice } from '../support/longest-slice.ts'
import { type Row, rowOf } from './row.ts'

/** What others wait at most, ms. */
const LIMIT_MS = 5
const ROUNDS = 3
const RUNS = 3

export async function* slices(say: (text: string) => void): AsyncGenerator<Row> {
  for (const { name, prepare } of [...longWork, ...longCrypto]) {
    const work = await prepare()
    const ours: number[] = []
    for (let round = 0; round < ROUNDS; round++) ours.push(await leastLongestSlice(work, RUNS))
    say(`${name}: ${Math.min(...ours).toFixed(1)} ms`)
    yield rowOf(
      { bench: 'slices', metric: `${name}_ms`, unit: 'ms', peer: 'limit', better: 'less' },
      ours,
      ours.map(() => LIMIT_MS),
    )
  }
}
