/** Two gateways on one PostgreSQL and one S3: they share the work, and one goes on when the other stops. */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditEvent, firstBrokenLink } from '../../shared/domain/index.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet } from '../support/policy.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'anna@sender.example'

let server: PostgresServer
let tenant: OwnTenant
let other: string
let nodes: Gateway[] = []

beforeAll(async () => {
  server = await startPostgres()
  await server.create('cluster')
  const s3 = await startS3()
  const bucket = await s3.bucket()
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  const policyDir = join(tenant.folder, 'nothing-to-do')
  mkdirSync(policyDir)
  const { name, text } = ruleSet('  rules: []')
  writeFileSync(join(policyDir, name), text)
  other = mkdtempSync(join(tmpdir(), 'secflow-node-'))
  copyFileSync(join(tenant.folder, 'master.key'), join(other, 'master.key'))
  const settings = {
    ...tenant.settings({ policyDir }),
    database: { url: server.url('cluster') },
    blobs: {
      url: `s3://${bucket}?endpoint=${encodeURIComponent(s3.endpoint)}`,
      accessKeyId: s3.accessKeyId,
      secretAccessKey: s3.secretAccessKey,
      reserve: '16MB',
    },
  }
  nodes = await Promise.all([tenant.folder, other].map((folder) => startGateway({ folder, settings })))
})
afterAll(async () => {
  for (const node of nodes) await node[Symbol.asyncDispose]()
  await server?.stop()
  tenant?.[Symbol.dispose]()
  rmSync(other, { recursive: true, force: true })
})

const mail = (n: number) =>
  Buffer.from(`From: ${AUTHOR}\r\nTo: box-${n}@demo.example\r\nSubject: n${n}\r\n\r\nHello\r\n`)
const send = (node: Gateway, n: number) =>
  submit(node.smtpPort, { from: AUTHOR, to: [`box-${n}@demo.example`], mail: mail(n) })
const ask = async (text: string) => await server.ask(text, 'cluster')

test('what both take is delivered once, by both, and one of them finishes when the other stops', async () => {
  const replies = await Promise.all(Array.from({ length: 40 }, (_, n) => send(nodes[n % 2]!, n)))
  expect(replies.every(({ reply }) => reply.startsWith('250'))).toBe(true)
  const more = Array.from({ length: 10 }, (_, n) => send(nodes[0]!, 100 + n))
  expect((await Promise.all(more)).every(({ reply }) => reply.startsWith('250'))).toBe(true)
  expect(await nodes[0]!.stop()).toBe(0)
  const waiting = async () =>
    Number((await ask("select count(*) as n from recipient where state <> 'delivered'"))[0]?.n)
  await expect.poll(waiting, { timeout: 50_000 }).toBe(0)
  // Each has a sink of its own: together they have every mail, and each of them once.
  const delivered = nodes.map(({ sink }) => sink.delivered.length)
  expect(delivered.reduce((sum, count) => sum + count)).toBe(50)
  expect(delivered.every((count) => count > 0)).toBe(true)
  const records = await ask('select seq, text, hash from audit order by seq')
  const chain = records.map(({ seq, text, hash }) => ({
    ...(JSON.parse(String(text)) as AuditEvent),
    seq: Number(seq),
    hash: String(hash),
  }))
  expect(firstBrokenLink(chain, (text) => createHash('sha256').update(text).digest('hex'))).toBeNull()
})
