import { expect, it } from 'vitest'
import { mail, policyOf, recipient, ruleSet } from '../../../test/support/policy.ts'
import { messageCache } from '../facts.ts'
import { draftsOf } from './decide.ts'
import { violated, violatedFor } from './guarantee.ts'

it('names the guarantees a draft would break, and for whom', () => {
  const policy = policyOf(
    ruleSet(
      '  rules: [{id: a, then: [{bcc: {to: [x@else.example], form: plain}}, {archive: {store: s}}]}]\n' +
        '  guarantees:\n' +
        '    - {id: g, title: G, when: {recipient.external: true}, require: {protectedBy: [portal]}}\n' +
        '    - {id: h, title: H, when: {recipient.domain: else.example}, require: {signedBy: [smime]}}\n' +
        '    - {id: i, title: I, when: {recipient.domain: none.example}, require: {signedBy: [smime]}}\n',
    ),
  )
  const inside = recipient({
    address: 'in@tenant.example',
    domain: 'tenant.example',
    external: false,
    direction: 'internal',
  })
  const input = mail({ recipients: [inside] })
  const [draft] = draftsOf(policy, input)
  // As the draft would stand without any guarantee.
  const open = { ...draft!, gate: { outcome: 'deliver' as const, texts: [], approvers: [] } }
  const cache = messageCache()
  expect(violated(policy, open, cache).map(({ guarantee }) => guarantee.id)).toEqual(['g', 'h'])
  expect(policy.guarantees.map((one) => violatedFor(one, policy, open, cache))).toEqual([
    ['x@else.example'],
    ['x@else.example'],
    [],
  ])
})

it('holds a mail of which only files would be locked where a guarantee wants it protected', () => {
  const outcome = (container: string) => {
    const policy = policyOf(
      ruleSet(
        `  rules: [{id: a, then: [{protect: {anyOf: [pdf], password: {channel: sender}${container}}}]}]\n` +
          '  guarantees: [{id: g, title: G, when: {recipient.external: true}, require: {protectedBy: [pdf]}}]\n',
      ),
    )
    return draftsOf(policy, mail())[0]!.gate.outcome
  }
  expect(outcome('')).toBe('deliver')
  expect(outcome(', container: mail')).toBe('deliver')
  for (const part of ['zip', 'pdfs']) expect(outcome(`, container: ${part}`)).not.toBe('deliver')
})
