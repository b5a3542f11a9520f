/** Mail to a role reaches whoever holds it now; when nobody does, it waits for a person instead of going on without them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { mailsTo } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-role-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const to = (id: string, tag: string, params: string) =>
    `{id: ${id}, when: {message.subject: {contains: ${tag}}}, then: [{deliverTo: ${params}}]}`
  tenant = await ownTenant({
    outside: sink.url,
    rules: [
      ruleSet(
        rules(
          to('first', 'alarm', '{role: duty, holders: first}'),
          to('all', 'everybody', '{role: duty}'),
          to('nobody', 'vacant', '{role: archivist}'),
          to('outside', 'outsider', '{role: consultant}'),
        ),
      ).text,
    ],
  })
  tenant.people((facts) => {
    const person = (address: string, role: string, ...groups: string[]) => facts.people.push({ address, role, groups })
    person('deputy@demo.example', 'duty', 'deputy')
    person('second@demo.example', 'duty')
    person('oncall@demo.example', 'duty', 'on-call')
    person('consultant@elsewhere.example', 'consultant')
  })
  gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: tenant.settings() })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function sent(subject: string) {
  const mail = plainMail({ from: AUTHOR, to: COLLEAGUE, subject })
  const { id } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [COLLEAGUE],
    mail,
    password: gateway.password(AUTHOR),
  })
  return (await gateway.settled(id))[0]
}
/** The n-th mail of a mailbox, once it is there. */
const mailbox = async (address: string, count = 1) =>
  readFileSync((await mailsTo(sink, address, count)).at(-1) ?? '', 'latin1')
/** Names of everything the sink got. */
const received = () => readdirSync(join(scratch, 'mailboxes'), { recursive: true }).join('\n')

describe('deliverTo', () => {
  it('reaches the one on call first', async () => {
    expect((await sent('alarm one'))?.state).toBe('delivered')
    expect(await mailbox('oncall@demo.example')).toContain('Subject: alarm one')
    expect(received()).not.toMatch(/second@|deputy@/)
  })
  it('reaches every holder and deputy', async () => {
    expect((await sent('everybody two'))?.state).toBe('delivered')
    for (const [name, count] of [
      ['oncall', 2],
      ['second', 1],
      ['deputy', 1],
    ] as const)
      expect(await mailbox(`${name}@demo.example`, count)).toContain('Subject: everybody two')
  })
  it.each(['vacant three', 'outsider four'])(
    'holds the mail when nobody of ours holds the role: %s',
    async (subject) => {
      const recipient = await sent(subject)
      expect(recipient?.state).toBe('held')
      expect(recipient?.detail).toMatch(/^role-unheld: /)
      expect(received()).not.toContain('consultant@')
    },
  )
})
