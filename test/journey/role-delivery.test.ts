/** Mail to a role reaches whoever holds it now; when nobody does, it waits for a person instead of going on without them. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailsTo } from '../support/delivered.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnHouse, openOwnHouse } from '../support/own-house.ts'
import { ruleSet, rules } from '../support/policy.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'

let house: OwnHouse

beforeAll(async () => {
  const to = (id: string, tag: string, params: string) =>
    `{id: ${id}, when: {message.subject: {contains: ${tag}}}, then: [{deliverTo: ${params}}]}`
  house = await openOwnHouse({
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
    people(facts) {
      const person = (address: string, role: string, ...groups: string[]) =>
        facts.people.push({ address, role, groups })
      person('deputy@demo.example', 'duty', 'deputy')
      person('second@demo.example', 'duty')
      person('oncall@demo.example', 'duty', 'on-call')
      person('consultant@elsewhere.example', 'consultant')
    },
  })
})

afterAll(() => house?.[Symbol.asyncDispose]())

async function sent(subject: string) {
  const mail = plainMail({ from: AUTHOR, to: COLLEAGUE, subject })
  return house.send(AUTHOR, COLLEAGUE, mail)
}
/** The n-th mail of a mailbox, once it is there. */
const mailbox = async (address: string, count = 1) =>
  readFileSync((await mailsTo(house.sink, address, count)).at(-1) ?? '', 'latin1')
/** Names of everything the sink got. */
const received = () => readdirSync(house.mailboxes, { recursive: true }).join('\n')

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
