/** The whole gateway while its PostgreSQL crashes in the middle of the work and is back after a moment. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { ownTenant } from '../support/own-tenant.ts'
import { ruleSet } from '../support/policy.ts'
import { startPostgres } from '../support/postgres.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'anna@sender.example'
const MAILS = 30

test('what was under way goes on when the database is back, not when leases run out, and nobody gets a mail twice', async () => {
  const server = await startPostgres()
  await server.create('gateway')
  using tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  const policyDir = join(tenant.folder, 'nothing-to-do')
  mkdirSync(policyDir)
  const { name, text } = ruleSet('  rules: []')
  writeFileSync(join(policyDir, name), text)
  try {
    await using gateway = await startGateway({
      folder: tenant.folder,
      settings: { ...tenant.settings({ policyDir }), database: { url: server.url('gateway') } },
    })
    const send = async (n: number) => {
      const to = [`box-${n}@demo.example`]
      const mail = `From: ${AUTHOR}\r\nTo: ${to}\r\nSubject: n${n}\r\n\r\nHello\r\n`
      const { reply } = await submit(gateway.smtpPort, { from: AUTHOR, to, mail })
      return reply.startsWith('250')
    }
    const sent = Promise.all(Array.from({ length: MAILS }, (_, n) => send(n)))
    while (gateway.sink.delivered.length < MAILS / 2) await pause(2)
    await server.halt('immediate')
    const taken = (await sent).filter(Boolean).length
    await pause(1_500)
    await server.resume()
    const waiting = async () =>
      Number((await server.ask("select count(*) as n from recipient where state <> 'delivered'", 'gateway'))[0]?.n)
    // Before any lease ends; on an idle machine it is a few seconds.
    await expect.poll(waiting, { timeout: 45_000 }).toBe(0)
    const mailboxes = gateway.sink.delivered.map(({ address }) => address)
    expect(mailboxes.length).toBe(new Set(mailboxes).size)
    expect(mailboxes.length).toBeGreaterThanOrEqual(taken)
  } finally {
    await server.stop()
  }
}, 180_000)
