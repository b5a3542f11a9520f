import { describe, expect, it } from 'vitest'
import { mail, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import { canonicalJson, digest } from '../text/canonical.ts'
import { decide, deciding } from './decide.ts'

const OWNER = 'owner@tenant.example'
const one = (...lines: string[]) => policyOf(ruleSet(rules(...lines)))
const order = (policy: ReturnType<typeof one>, input = mail()) =>
  decide(policy, input).recipients[0]!.reasons.map(({ rule }) => rule)
const a = recipient({ address: 'x@a.example', domain: 'a.example' })
const b = recipient({ address: 'x@b.example', domain: 'b.example' })

it('reasons stand by id, whichever sets of a layer they come from', () => {
  const policy = policyOf(
    ruleSet(rules('{id: d, then: [receipt]}', '{id: a, then: [receipt]}'), 'tenant', 'first'),
    ruleSet(rules('{id: c, then: [receipt]}', '{id: b, then: [receipt]}'), 'tenant', 'second'),
  )
  expect(order(policy)).toEqual(['a', 'b', 'c', 'd'])
  expect(policy.rules.map((rule) => [rule.id, rule.order])).toEqual([
    ['a', 0],
    ['d', 3],
    ['b', 1],
    ['c', 2],
  ])
})

describe('the id of a decision', () => {
  const policy = one('{id: a, then: [{hold: {approvers: [x@y.example]}}]}')
  const of = (...parts: readonly unknown[]) =>
    digest([policy.revision, ...parts.map(canonicalJson)].join('\n')).slice(0, 32)
  it('follows from revision, input, and what was lifted', () => {
    const releases = [{ address: 'b@partner.example', rules: ['a'] }]
    expect(decide(policy, mail()).decisionId).toBe(of(mail()))
    expect(decide(policy, mail(), []).decisionId).toBe(of(mail()))
    expect(decide(policy, mail(), releases).decisionId).toBe(of(mail(), releases))
  })
  it('follows from the versions of lists where the policy has lists from outside', () => {
    const listed = policyOf(
      ruleSet(
        '  lists:\n    cloud: {type: domain, from: {http: "https://l.example/p"}, refresh: 1h, maxAge: 1d}\n' +
          rules('{id: a, when: {recipient.domain: {inList: cloud}}, then: [receipt]}'),
      ),
    )
    const { decisionId, revision, lists } = decide(listed, mail())
    expect(lists).toBeDefined()
    expect(decisionId).toBe(digest(`${revision}\n${canonicalJson(mail())}\n${canonicalJson({ lists })}`).slice(0, 32))
    expect(decide(policy, mail())).not.toHaveProperty('lists')
  })
})

it('decides bit by bit what it decides at once', () => {
  const policy = one('{id: a, then: [receipt]}')
  const input = mail({ recipients: [a, b] })
  const work = deciding(policy, input)
  let bits = 0
  let last = work.next()
  for (; !last.done; last = work.next()) bits++
  expect(last.value).toEqual(decide(policy, input))
  expect(bits).toBeGreaterThan(2 * input.recipients.length)
})

describe('a disagreement over recipients', () => {
  it('of something done once is decided by the owner of the first set', () => {
    const policy = one(
      '{id: a, when: {recipient.domain: a.example}, then: [{archive: {store: s, form: plain}}]}',
      '{id: b, when: {recipient.domain: b.example}, then: [{archive: {store: s, form: as-sent}}]}',
    )
    const held = { outcome: 'hold', approvers: [OWNER], text: 'Rules a and b disagree on archive s' }
    expect(decide(policy, mail({ recipients: [a, b] })).recipients).toMatchObject([held, held])
  })
  it('of something done for each is none', () => {
    const policy = one(
      '{id: a, when: {recipient.domain: a.example}, then: [{route: {via: x}}]}',
      '{id: b, when: {recipient.domain: b.example}, then: [{route: {via: y}}]}',
    )
    const { recipients } = decide(policy, mail({ recipients: [a, b] }))
    expect(recipients.map(({ outcome }) => outcome)).toEqual(['deliver', 'deliver'])
  })
})

describe('a decision for a recipient', () => {
  it('has neither words nor approvers where nothing is stopped', () => {
    const [got] = decide(one('{id: a, then: [receipt]}'), mail()).recipients
    expect(got).not.toHaveProperty('text')
    expect(got).not.toHaveProperty('approvers')
  })
  it('names rules under trial in order of ids', () => {
    const policy = one('{id: b, mode: simulate, then: [receipt]}', '{id: a, mode: simulate, then: [receipt]}')
    expect(decide(policy, mail()).recipients[0]!.simulated).toEqual(['a', 'b'])
    const guarded = policyOf(
      ruleSet(
        '  mode: simulate\n  guarantees: [{id: a, title: A, require: {protectedBy: [portal]}}]\n' +
          rules('{id: b, then: [receipt]}'),
      ),
    )
    expect(decide(guarded, mail()).recipients[0]!.simulated).toEqual(['a', 'b'])
  })
})

describe('reasons', () => {
  const guarantee = '  guarantees: [{id: z, title: Z, require: {protectedBy: [portal]}}]\n'
  const exception = (rule: string, actions: string) =>
    `  exceptions: [{id: z, rule: ${rule}, reason: r, owner: o@tenant.example, expires: 2027-01-01, actions: [${actions}]}]\n`
  it('begin with the guarantee that was broken', () => {
    const policy = policyOf(
      ruleSet(guarantee + rules('{id: a, then: [receipt]}', '{id: b, then: [{sign: {with: smime}}]}')),
    )
    expect(order(policy)).toEqual(['z', 'b', 'a'])
  })
  it('name a wish before rules that only add', () => {
    const wish = mail({ intent: { protection: [{ token: 'sign' }] } })
    expect(order(one('{id: a, then: [receipt]}'), wish)).toEqual(['intent:sign', 'a'])
  })
  it('name what decided first, whatever asked for less', () => {
    const policy = one(
      '{id: a, then: [{sign: {with: smime}}]}',
      '{id: b, then: [receipt]}',
      '{id: c, then: [quarantine]}',
    )
    expect(order(policy)).toEqual(['c', 'a', 'b'])
  })
  it('come by id within one layer and weight, exceptions among the rules', () => {
    const policy = policyOf(
      ruleSet(
        exception('b', 'receipt') +
          rules(
            '{id: b, overridable: true, then: [receipt, {notify: {to: [n@y.example], template: t}}]}',
            '{id: a, then: [receipt]}',
          ),
      ),
    )
    expect(order(policy)).toEqual(['a', 'b', 'z'])
    const two = policyOf(
      ruleSet(
        exception('b', 'receipt') +
          rules('{id: b, overridable: true, then: [receipt, {notify: {to: [n@y.example], template: t}}]}'),
      ),
    )
    expect(order(two)).toEqual(['b', 'z'])
  })
  it('weigh a rule by what it asks for, also where that hangs on the mail', () => {
    const files = mail({ attachments: [] })
    expect(
      order(
        one('{id: a, then: [{notify: {to: ["{sender}"], template: t}}]}', '{id: b, then: [{sign: {with: smime}}]}'),
      ),
    ).toEqual(['b', 'a'])
    expect(
      order(one('{id: a, then: [receipt]}', '{id: b, then: [{fileLink: {select: {}, access: link}}]}'), files),
    ).toEqual(['b', 'a'])
  })
})
