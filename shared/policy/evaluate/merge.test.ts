import { describe, expect, it } from 'vitest'
import { file, mail, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import { Facts, messageCache } from '../facts.ts'
import { decide, draftsOf } from './decide.ts'
import { actionScene } from './merge.ts'

const one = (...lines: string[]) => policyOf(ruleSet(rules(...lines)))
const first = (policy: ReturnType<typeof one>, input = mail()) => decide(policy, input).recipients[0]!
const nobody = { ...recipient(), phoneKnown: undefined, tls: undefined } as unknown as ReturnType<typeof recipient>

describe('an exception', () => {
  const exception =
    '  exceptions: [{id: e, rule: a, reason: r, owner: o@tenant.example, expires: 2027-01-01, actions: [sign]}]\n'
  it('is a reason only where it took something away', () => {
    const policy = policyOf(
      ruleSet(
        exception +
          rules(
            '{id: a, overridable: true, choose: [{when: {message.subject: Hello}, then: [receipt]}, {otherwise: true, then: [{sign: {with: smime}}]}]}',
          ),
      ),
    )
    const reasons = (subject: string) => first(policy, mail({ message: { subject } })).reasons.map(({ rule }) => rule)
    expect(reasons('Hello')).toEqual(['a'])
    expect(reasons('other')).toEqual(['e'])
  })
})

describe('unknown facts', () => {
  it('are not missing where the rule is settled without them', () => {
    const settled =
      '{id: a, when: {any: [{message.subject: Hello}, {recipient.phoneKnown: true}]}, then: [{notify: {to: ["{sender}"], template: t}}]}'
    expect(first(one(settled), mail({ recipients: [nobody] }))).toMatchObject({ outcome: 'deliver', missing: [] })
  })
  it('come in order of their names', () => {
    const open = one(
      '{id: a, when: {all: [{recipient.tls: verified}, {recipient.phoneKnown: true}]}, then: [quarantine]}',
    )
    const { outcome, missing } = first(open, mail({ recipients: [nobody] }))
    expect([outcome, ...missing.map(({ field }) => field)]).toEqual(['defer', 'recipient.phoneKnown', 'recipient.tls'])
  })
})

describe('a selector', () => {
  const attachments = [2, 0, 1].map((index) => file(`${index}.pdf`, 1, { index }))
  it('picks files by their number in the mail, in order, under whichever rule', () => {
    for (const rule of ['', 'final: true, ']) {
      const policy = one(`{id: a, ${rule}then: [{fileLink: {select: {}, access: link}}]}`)
      const [draft] = draftsOf(policy, mail({ attachments }))
      expect(draft?.plan.get('fileLink')?.value).toMatchObject({ attachments: [0, 1, 2] })
    }
  })
  it('is asked once a message', () => {
    const policy = one('{id: a, then: [{fileLink: {select: {}, access: link}}]}')
    const input = mail({ attachments })
    const { select } = policy.rules[0]!.branches[0]!.actions[0]!.params as { select: unknown }
    const cache = messageCache()
    const picked = [recipient(), nobody].map((to) =>
      actionScene(policy, new Facts(input, to, policy.tenantLabels, cache), 0).select(select),
    )
    expect(picked[0]).toEqual([0, 1, 2])
    expect(picked[1]).toBe(picked[0])
  })
})

it('makes once what a rule brings to every mail', () => {
  const policy = one('{id: a, then: [{sign: {with: smime}}]}')
  const reasons = (subject: string) => draftsOf(policy, mail({ message: { subject } }))[0]?.reasons ?? []
  const [earlier, later] = [reasons('x')[0], reasons('y')[0]]
  expect(reasons('x')).toHaveLength(1)
  expect(earlier).toMatchObject({ reason: { rule: 'a' }, weight: 'deliver' })
  expect(later).toBe(earlier)
})
