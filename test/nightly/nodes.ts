import { setTimeout as pause } from 'node:timers/promises'
import { told } from '../support/load/accounting.ts'
import { nodesUnderLoad } from '../support/load/nodes.ts'
import { hasTool } from '../support/tools.ts'
import type { Campaign, Outcome } from './campaign.ts'
import { Random } from './random.ts'

/** How long the object store is away in each round, ms. */
const AWAY_MS = 30_000

/**
 * Two nodes on PostgreSQL and S3 under load, round after round: one is killed, the database is restarted, the object store is
 * away for half a minute, in an order of chance. The accounts must close.
 */
export const nodes: Campaign = {
  name: 'nodes',
  unit: 'rounds',
  full: 20,
  quick: 1,
  async run({ count, seed, until, say }): Promise<Outcome> {
    if (!hasTool('radosgw') || !hasTool('pg_ctlcluster'))
      return { done: 0, failures: [], note: 'left out: radosgw or postgresql is missing' }
    const random = new Random(seed)
    let done = 0
    const { account, perNode } = await nodesUnderLoad({
      seed,
      say,
      restMs: 300_000,
      async trouble({ killNode, startNode, database, objects, say }) {
        for (; done < count && performance.now() < until; done++) {
          const at = random.below(2)
          const steps = [
            async () => {
              await killNode(at)
              await pause(random.below(3_000))
              await startNode(at)
            },
            () => database.restart(random.below(2) === 0 ? 'fast' : 'immediate'),
            async () => {
              await objects.kill()
              await pause(AWAY_MS)
              await objects.start()
            },
          ]
          for (; steps.length > 0; await pause(500 + random.below(3_000))) {
            const [step] = steps.splice(random.below(steps.length), 1)
            await step?.()
          }
          say(`round ${done + 1}`)
        }
      },
    })
    return {
      done,
      failures: account.wrong.slice(0, 50),
      note: `${told(account)}; deliveries by node since its last start ${perNode.join(' and ')}`,
    }
  },
}
