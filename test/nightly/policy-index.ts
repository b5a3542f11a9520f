import { compareWays } from '../support/agreement.ts'
import type { Campaign } from './campaign.ts'

/** Pairs between two looks at the clock. */
const PORTION = 10_000

/** Random rule sets and mails on which the index of rules, the closures and the plain interpreter must agree. */
export const policyIndex: Campaign = {
  name: 'policy-index',
  unit: 'pairs',
  full: 5_000_000,
  quick: 500,
  async run({ count, seed, until }) {
    const began = performance.now()
    let done = 0
    let effects = 0
    try {
      // Every portion starts a million rule sets further on, so that none comes twice.
      for (let portion = 0; done < count && performance.now() < until; portion++) {
        const found = compareWays(Math.min(PORTION, count - done), seed + portion * 1_000_003)
        done += found.pairs
        effects += found.effects
        await new Promise(setImmediate)
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { done, failures: [why.replace(/\s+/g, ' ').slice(0, 4000)], note: '' }
    }
    const rate = done / ((performance.now() - began) / 1000)
    return { done, failures: [], note: `${rate.toFixed(0)} pairs/s, ${effects} recipients with a rule` }
  },
}
