import { expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { mail as policyMail, policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import { openFacts } from '../../people/facts-house.ts'
import { tenantSecrets } from '../../platform/secrets.ts'
import { plainTenant } from '../tenant.ts'
import { assembleInput } from './input.ts'

const id = tenantId('one')
const NOW = Date.parse('2026-03-02T10:00:00Z')

/** What the audit learns of a mail with these intent headers by somebody who signed in. */
async function noted(protection: string, classification: readonly string[] = []) {
  const { direction: _, classification: __, authenticated: ___, source: ____, ...message } = policyMail().message
  const house = await openFacts(null, { tenant: id, secrets: tenantSecrets(Buffer.alloc(32, 7)), now: NOW })
  const { notes } = await assembleInput(
    {
      envelope: {
        mailFrom: 'a@tenant.example',
        recipients: [{ address: 'x@one.example' }],
        body: '7BIT',
        smtputf8: false,
        requireTls: false,
      },
      origin: { channel: 'smtp', authenticated: 'auth', peer: '', tls: null },
      receivedAt: NOW,
      facts: {
        message,
        attachments: [],
        visible: { to: ['x@one.example'], cc: [] },
        rawIntent: { classification, protection: [protection], stamp: [] },
      },
    },
    plainTenant(id, 'tenant.example'),
    policyOf(ruleSet(rules('{id: a, when: {message.subject: secret}, then: [{sign: {with: smime}}]}'))),
    { ...house, stamps: null },
    'needed',
  )
  return notes
}

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

it('one header leaves some lines in the audit, however much nonsense it has room for', async () => {
  expect((await noted('"a", "b", "a";sms=1, encrypt')).map(({ type }) => type)).toEqual(['intent.protection'])
  const strange = await noted(numbered('x', 2_000).join(', '))
  expect(strange).toHaveLength(21)
  expect(strange.at(-1)?.detail).toEqual({ note: 'and 1980 more' })
  const packed = `sms;list="${'AAAAAAA48tK1O'.repeat(1_000)}"`
  expect((await noted(packed)).map(({ type }) => type)).toEqual(['intent.ignored'])
  expect((await noted('encrypt', numbered('label', 500))).length).toBeLessThanOrEqual(21)
})
