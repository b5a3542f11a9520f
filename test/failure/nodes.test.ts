/** Two gateways on one PostgreSQL and one S3 under load: one is killed, the database goes down, the object store is away. */
import { loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { told } from '../support/load/accounting.ts'
import { nodesUnderLoad } from '../support/load/nodes.ts'

test('a node killed, the database restarted, the object store away for 10 s: what got 250 has one end and came', async () => {
  const { account, perNode } = await nodesUnderLoad({
    seed: 3,
    async trouble({ killNode, startNode, database, objects }) {
      await pause(1_500)
      await killNode(0)
      await pause(1_000)
      await startNode(0)
      await pause(500)
      await database.restart('immediate')
      await pause(1_500)
      await objects.kill()
      await pause(10_000)
      await objects.start()
      await pause(2_000)
    },
    restMs: 120_000,
  })
  console.info(`${told(account)}; deliveries by node ${perNode.join(' and ')}, load ${loadavg()[0]?.toFixed(0)}`)
  expect(account.wrong).toEqual([])
  expect(account).toMatchObject({ lost: 0, phantom: 0, altered: 0, bounced: 0 })
  expect(account.accepted).toBeGreaterThan(30)
  // Both worked: each has a connection to the next hop of its own.
  expect(perNode.every((count) => count > 0)).toBe(true)
}, 300_000)
