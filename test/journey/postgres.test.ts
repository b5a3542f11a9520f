/** The whole gateway with its records on PostgreSQL. */
import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstBrokenLink } from '../../shared/domain/index.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet } from '../support/policy.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'anna@sender.example'

let server: PostgresServer
let tenant: OwnTenant
let gateway: Gateway

async function start(): Promise<Gateway> {
  const policyDir = join(tenant.folder, 'nothing-to-do')
  return startGateway({
    folder: tenant.folder,
    settings: { ...tenant.settings({ policyDir }), database: { url: server.url('gateway') } },
  })
}

beforeAll(async () => {
  server = await startPostgres()
  await server.create('gateway')
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  await mkdir(join(tenant.folder, 'nothing-to-do'))
  const { name, text } = ruleSet('  rules: []')
  writeFileSync(join(tenant.folder, 'nothing-to-do', name), text)
  gateway = await start()
})
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await server?.stop()
  tenant?.[Symbol.dispose]()
})

const mail = (n: number) =>
  Buffer.from(`From: ${AUTHOR}\r\nTo: box-${n}@demo.example\r\nSubject: n${n}\r\n\r\nHello\r\n`)

async function send(from: number, count: number): Promise<number[]> {
  const sent: number[] = []
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const n = from + at
      const { reply } = await submit(gateway.smtpPort, { from: AUTHOR, to: [`box-${n}@demo.example`], mail: mail(n) })
      if (reply.startsWith('250')) sent.push(n)
    }),
  )
  return sent
}

const arrived = async (gateway: Gateway, count: number) => {
  await expect.poll(() => gateway.sink.delivered.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(count)
  return gateway.sink.delivered.length
}

test('mail goes its way, and the records are in the database alone', async () => {
  expect(await send(0, 20)).toHaveLength(20)
  expect(await arrived(gateway, 20)).toBe(20)
  expect(existsSync(join(gateway.folder, 'secflow.db'))).toBe(false)
  expect((await server.ask('select count(*) as n from message', 'gateway'))[0]).toEqual({ n: '20' })
})

test('while the server is away mail is refused for now; what was taken before is delivered after', async () => {
  await server.halt('immediate')
  expect(await send(100, 3)).toEqual([])
  await server.resume()
  await expect.poll(async () => (await send(200, 1)).length, { timeout: 30_000 }).toBe(1)
  await arrived(gateway, 21)
})

test('a gateway that was stopped in the middle goes on where it was', async () => {
  expect(await send(300, 30)).toHaveLength(30)
  expect(await gateway.stop()).toBe(0)
  const old = gateway.sink
  gateway = await start()
  const waiting = async () =>
    Number((await server.ask("select count(*) as n from recipient where state <> 'delivered'", 'gateway'))[0]?.n)
  await expect.poll(waiting, { timeout: 50_000 }).toBe(0)
  await old.close()
  const records = await server.ask('select seq, text, hash from audit order by seq', 'gateway')
  const chain = records.map(({ seq, text, hash }) => ({
    ...JSON.parse(String(text)),
    seq: Number(seq),
    hash: String(hash),
  }))
  expect(firstBrokenLink(chain, (text) => createHash('sha256').update(text).digest('hex'))).toBeNull()
})
