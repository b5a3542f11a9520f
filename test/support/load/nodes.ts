/** Nodes of one installation on PostgreSQL and S3, under load and in trouble. */
import { setTimeout as pause } from 'node:timers/promises'
import { firstBrokenLink } from '../../../shared/domain/index.ts'
import type { Gateway } from '../gateway.ts'
import { type PostgresServer, startPostgres } from '../postgres.ts'
import { type S3Gateway, startS3 } from '../s3.ts'
import { type Account, accountFor, sha256 } from './accounting.ts'
import { startLoad } from './client.ts'
import { atRest, kill } from './kill.ts'
import type { Ledger } from './ledger.ts'
import { loadNodes, SENDER, TENANT } from './relay.ts'
import { openAccountingSink } from './sink.ts'

export interface Trouble {
  /** As `kill -9` does. */
  killNode(at: number): Promise<void>
  startNode(at: number): Promise<void>
  readonly database: Pick<PostgresServer, 'restart' | 'halt' | 'resume'>
  readonly objects: S3Gateway
  say(text: string): void
}

export interface NodesOrder {
  readonly seed: number
  /** Called while the load runs; the load ends when it resolves. */
  trouble(parts: Trouble): Promise<void>
  readonly restMs: number
  readonly say?: (text: string) => void
}

/** Runs two nodes, makes trouble, lets everything come to rest and closes the accounts. */
export async function nodesUnderLoad(
  order: NodesOrder,
): Promise<{ readonly account: Account; readonly perNode: readonly number[] }> {
  const ledger: Ledger = new Map()
  await using sink = await openAccountingSink()
  const s3 = await startS3()
  const [bucket, objects, database] = await Promise.all([s3.bucket(), s3.gateway(), startPostgres()])
  await database.create('cluster')
  const relays = loadNodes(2, sink.port, {
    database: { url: database.url('cluster') },
    blobs: {
      url: `s3://${bucket}?endpoint=${encodeURIComponent(objects.endpoint)}`,
      accessKeyId: s3.accessKeyId,
      secretAccessKey: s3.secretAccessKey,
      reserve: '16MB',
    },
  })
  const nodes: (Gateway | null)[] = [null, null]
  const startNode = async (at: number) => {
    nodes[at] = await relays[at]!.start({})
  }
  try {
    await startNode(0)
    await startNode(1)
    const port = (connection: number) => nodes[connection % 2]?.smtpPort ?? nodes.find(Boolean)?.smtpPort ?? null
    const load = startLoad({ port, ledger, sender: SENDER, seed: order.seed, pauseMs: 20 })
    await order
      .trouble({
        startNode,
        async killNode(at) {
          const node = nodes[at]
          nodes[at] = null
          if (node) await kill(node)
        },
        database,
        objects,
        say: (text) => order.say?.(`${text}: ${ledger.size} sent, ${sink.mails.size} arrived`),
      })
      .finally(() => load.stop())
    // No test waits for the minute of a lease, nor for a pause between tries.
    for (let round = 0; round < 3; round++) {
      await pause(500)
      await database.ask("update job set run_at = 0 where state = 'ready'", 'cluster')
    }
    const [node] = nodes
    if (!node) throw new Error('the first node does not run')
    const { read } = await node.records(TENANT)
    await atRest(node, order.restMs, () => database.ask("update job set run_at = 0 where state = 'ready'", 'cluster'))
    const account = await accountFor(ledger, sink.mails, read, SENDER)
    const broken = firstBrokenLink(await read.audit({ limit: 100_000_000 }), sha256)
    const wrong = [...account.wrong, ...(broken ? [`the audit chain is broken at ${JSON.stringify(broken)}`] : [])]
    const perNode = await Promise.all(nodes.map(deliveriesOf))
    return { account: { ...account, wrong }, perNode }
  } finally {
    for (const node of nodes) await node?.[Symbol.asyncDispose]()
    for (const relay of relays) relay[Symbol.dispose]()
    await objects.kill()
    await database.stop()
  }
}

/** What a node says it delivered since it was started. */
async function deliveriesOf(node: Gateway | null): Promise<number> {
  if (!node) return 0
  const text = await (await fetch(`http://127.0.0.1:${node.adminPort}/metrics`)).text()
  return Number(/deliveries_total\{[^}]*state="delivered"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0)
}
