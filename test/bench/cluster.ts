/**
 * One node and two on the same PostgreSQL and S3, all on this machine: what a second node brings while the database, the
 * object store, the generator and the sink share its cores. The single node on SQLite and files stands beside them.
 */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { startPostgres } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import { generate } from './generate.ts'
import { type Bench, rowOf } from './row.ts'
import { type BenchSink, startSink } from './sink.ts'
import { benchTenant, domainOf, recipientsOf, SENDER, settingsFor } from './tenant.ts'

const ROUNDS = 3
const CONNECTIONS = 40
const BYTES = 10 * 1024
const AIM_S = 5
const TIMEOUT_MS = 120_000

export const cluster: Bench = async function* (say) {
  await using sink = await startSink()
  using tenant = await benchTenant(sink.smsUrl)
  const server = await startPostgres()
  await server.create('cluster')
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const own = {
    ...settingsFor(tenant, sink),
    secrets: { master: randomBytes(32).toString('base64') },
  }
  const shared = {
    ...own,
    database: { url: server.url('cluster') },
    blobs: {
      url: `s3://${bucket}?endpoint=${encodeURIComponent(s3.endpoint)}`,
      accessKeyId: s3.accessKeyId,
      secretAccessKey: s3.secretAccessKey,
      reserve: '16MB',
    },
  }
  const node = (settings: Readonly<Record<string, unknown>>) => startGateway({ relayPort: sink.smtpPort, settings })
  try {
    await using alone = await node(own)
    await using first = await node(shared)
    const rates = { sqlite: [] as number[], one: [] as number[], two: [] as number[] }
    let count = 200
    for (let round = 0; round <= ROUNDS; round++) {
      const sqlite = await measure([alone], count, sink)
      const one = await measure([first], count, sink)
      await using second = await node(shared)
      const two = await measure([first, second], count, sink)
      count = Math.max(100, Math.round(one * AIM_S))
      say(
        `${round === 0 ? 'warm-up' : `round ${round}/${ROUNDS}`}: SQLite ${sqlite.toFixed(0)}, one node ${one.toFixed(0)}, two nodes ${two.toFixed(0)} msg/s`,
      )
      if (round === 0) continue
      rates.sqlite.push(sqlite)
      rates.one.push(one)
      rates.two.push(two)
    }
    say(`limits: ${availableParallelism()} cores for nodes, PostgreSQL, Ceph, generator and sink; one disk`)
    const about = { bench: 'cluster', unit: 'msg/s', better: 'more' } as const
    yield rowOf({ ...about, metric: 'two_nodes_10k', peer: 'one node' }, rates.two, rates.one)
    yield rowOf({ ...about, metric: 'one_node_10k', peer: 'SQLite and files' }, rates.one, rates.sqlite)
  } finally {
    await server.stop()
  }
}

/** Sends a batch, shared among the nodes, and waits until all of it is at the sink: mails per second. */
async function measure(nodes: readonly Gateway[], count: number, sink: BenchSink): Promise<number> {
  const each = Math.ceil(count / nodes.length)
  const { reached } = await sink.expect({ domain: domainOf('plain'), count: each * nodes.length }, TIMEOUT_MS)
  const began = performance.now()
  await Promise.all(
    nodes.map(({ smtpPort }) =>
      generate({
        port: smtpPort,
        connections: CONNECTIONS / nodes.length,
        bytes: BYTES,
        count: each,
        from: SENDER,
        to: recipientsOf('plain')[0]!,
      }),
    ),
  )
  await reached
  return (each * nodes.length) / ((performance.now() - began) / 1000)
}
