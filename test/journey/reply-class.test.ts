/** An answer is at least as confidential as what it answers, whatever the client says of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainMail } from '../support/mails.ts'
import { type OwnHouse, openOwnHouse } from '../support/own-house.ts'
import { ruleSet, rules } from '../support/policy.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'

let house: OwnHouse

beforeAll(async () => {
  const held =
    '{id: secret-held, when: {message.classification: secret}, then: [{hold: {approvers: [security@demo.example]}}]}'
  house = await openOwnHouse({ rules: [ruleSet(rules(held)).text] })
})

afterAll(() => house?.[Symbol.asyncDispose]())

async function sent(...headers: string[]) {
  const mail = plainMail({ from: AUTHOR, to: COLLEAGUE, headers })
  return (await house.send(AUTHOR, COLLEAGUE, mail))?.state
}

describe('no downgrade on reply', () => {
  it('holds the answer to a secret mail like the mail itself', async () => {
    // Test mails all have the Message-ID <one@tenant.example>.
    expect(await sent()).toBe('delivered')
    expect(await sent('In-Reply-To: <one@tenant.example>')).toBe('delivered')
    expect(await sent('X-Secflow-Classification: secret')).toBe('held')
    expect(await sent('In-Reply-To: <one@tenant.example>', 'X-Secflow-Classification: public')).toBe('held')
    expect(await sent('References: <x@y> <one@tenant.example>')).toBe('held')
    expect(await sent('In-Reply-To: <other@tenant.example>')).toBe('delivered')
    expect(await sent('X-Secflow-Classification: public')).toBe('delivered')
  })
})
