/** `kill -9` while the next hop has the final dot and has not answered: the mail goes out once more, and the audit says so. */
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { MessageId } from '../../shared/domain/index.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'

let tenant: OwnTenant
let gateway: Gateway | null = null
let hop: Awaited<ReturnType<typeof startSmtpServer>>
/** Final dots for our colleague, and the mails they ended. */
let dots: string[] = []
let answering = false
/** Who was named last, by session. */
const last = new Map<number, string>()

beforeAll(async () => {
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  hop = await startSmtpServer({
    answer(line, { data, session, recipient }) {
      if (recipient !== undefined) last.set(session, recipient)
      // The journal gets its copy as well, by a transaction of its own.
      if (line !== '.' || last.get(session) !== COLLEAGUE) return undefined
      dots.push(data ?? '')
      return answering ? undefined : 'hang'
    },
  })
})
afterAll(async () => {
  gateway?.process.kill('SIGKILL')
  await gateway?.[Symbol.asyncDispose]()
  await hop?.close()
  tenant?.[Symbol.dispose]()
})

async function start(): Promise<Gateway> {
  gateway = await startGateway({ folder: tenant.folder, relayPort: hop.port, settings: { ...tenant.settings() } })
  return gateway
}

async function kill(): Promise<void> {
  const ended = new Promise((resolve) => gateway!.process.once('exit', resolve))
  gateway!.process.kill('SIGKILL')
  await ended
  await gateway![Symbol.asyncDispose]()
  gateway = null
  // As if the minute of the lease had passed.
  const db = new BetterSqlite(join(tenant.folder, 'secflow.db'))
  db.prepare("update job set lease_until = 0 where state = 'leased'").run()
  db.close()
}

async function send(subject: string): Promise<MessageId> {
  dots = []
  const mail = plainMail({ from: AUTHOR, to: COLLEAGUE, subject, text: 'x' })
  const password = gateway!.password(AUTHOR)
  const { id } = await submit(gateway!.smtpPort, { from: AUTHOR, to: [COLLEAGUE], mail, password })
  return id as MessageId
}
const seen = (count: number) => expect.poll(() => dots.length, { timeout: 20_000 }).toBe(count)
const idsOf = (mails: readonly string[]) => new Set(mails.map((text) => /^Message-ID: (.*)$/im.exec(text)?.[1]))

async function facts(id: MessageId) {
  await using records = await gateway!.records()
  const audit = await records.read.audit({ message: id, limit: 99 })
  const toColleague = (detail: Readonly<Record<string, unknown>>) => String(detail.recipients) === COLLEAGUE
  return {
    // The journal's copy may have been as far when the process was killed.
    uncertain: audit
      .filter(({ type, detail }) => type === 'copy.uncertain' && toColleague(detail))
      .map(({ detail }) => detail),
    states: (await records.read.recipients(id)).map(({ state }) => state),
    dead: (await records.read.jobs({ limit: 9, message: id, state: 'dead' })).map(({ lastFault }) => lastFault),
  }
}

it('one crash after the dot: a second copy with the same Message-ID, audited as uncertain', async () => {
  answering = false
  await start()
  const id = await send('one crash')
  await seen(1)
  await kill()
  answering = true
  await start()
  await gateway!.settled(id)
  expect(dots).toHaveLength(2)
  expect(idsOf(dots).size).toBe(1)
  const { uncertain, states } = await facts(id)
  expect(states).toEqual(['delivered'])
  expect(uncertain).toMatchObject([{ recipients: [COLLEAGUE], why: 'crash', times: 1 }])
})

it('two crashes after the dot: never a third copy; a person decides', async () => {
  answering = false
  const id = await send('two crashes')
  await seen(1)
  await kill()
  await start()
  await seen(2)
  await kill()
  answering = true
  await start()
  await gateway!.settled(id)
  const { uncertain, states, dead } = await facts(id)
  expect(states).toEqual(['held'])
  expect(dead).toEqual([expect.stringContaining('delivery-uncertain')])
  expect(uncertain.at(-1)).toMatchObject({ recipients: [COLLEAGUE], why: 'crash', times: 2 })
  expect(dots).toHaveLength(2)
})
