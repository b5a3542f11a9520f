import { describe, expect, it } from 'vitest'
import { errorsOf, mail, policyOf, recipient, ruleSet, rules } from '../../test/support/policy.ts'
import { decide } from './evaluate/decide.ts'
import { analysePolicy, diffPolicies, explain, type ListCopies, withLists } from './index.ts'

const RULES = rules(
  '{id: listed, when: {recipient.domain: {inList: partners}}, then: [{reject: {text: no}}]}',
  '{id: others, when: {recipient.domain: {notInList: partners}}, then: [{bcc: {to: [x@tenant.example]}}]}',
)
const LISTS =
  '  lists:\n    fixed: {type: domain, values: [fixed.example]}\n' +
  '    partners: {type: domain, include: [fixed, cloud]}\n' +
  '    cloud: {type: domain, from: {http: "https://lists.example/p.txt"}, refresh: 1h, maxAge: 1d}\n'
const policy = policyOf(ruleSet(LISTS + RULES))
const NOON = Date.parse('2026-03-02T12:00:00Z')
const copies = (values: readonly string[], goodUntil = NOON, version = 'v1'): ListCopies =>
  new Map([['tenant/cloud', { version, values, goodUntil }]])
const to = (domain: string) => mail({ recipients: [recipient({ domain, address: `a@${domain}` })] })
const outcome = (lists: ListCopies | null, domain: string, time = '2026-03-02T11:00:00Z') =>
  decide(lists ? withLists(policy, lists) : policy, { ...to(domain), time }).recipients[0]?.outcome

describe('a list from outside', () => {
  it('counts with what stands in the policy', () => {
    expect(outcome(copies(['*.partner.example']), 'cad.partner.example')).toBe('reject')
    expect(outcome(copies(['*.partner.example']), 'other.example')).toBe('deliver')
    expect(outcome(null, 'fixed.example')).toBe('reject')
  })
  it('is unknown without a copy and after maxAge, by the time of the mail: what restricts waits', () => {
    expect(outcome(null, 'other.example')).toBe('defer')
    expect(outcome(copies([]), 'other.example', '2026-03-02T11:59:59Z')).toBe('deliver')
    expect(outcome(copies([]), 'other.example', '2026-03-02T12:00:00Z')).toBe('defer')
    // A copy that is too old says nothing of those who stood in it either.
    expect(outcome(copies(['x.example']), 'x.example', '2026-03-03T12:00:00Z')).toBe('defer')
  })
  it('stands in the decision with its version, and in its id', () => {
    const [one, two] = ['v1', 'v2'].map((version) =>
      decide(withLists(policy, copies(['x.example'], NOON, version)), to('y.example')),
    )
    expect(one?.lists).toEqual({ 'tenant/cloud': 'v1' })
    expect(two?.decisionId).not.toBe(one?.decisionId)
    expect(decide(policy, to('y.example')).lists).toEqual({ 'tenant/cloud': null })
    expect(decide(policyOf(ruleSet(rules('{id: a, then: [receipt]}'))), to('y.example')).lists).toBeUndefined()
  })
  it('holds for each of several values alone', () => {
    const groups = policyOf(
      ruleSet(
        `  lists: {vip: {type: group, from: {file: vip.txt}, maxAge: 1d}}\n${rules('{id: g, when: {recipient.groups: {inList: vip}}, then: [{reject: {text: no}}]}')}`,
      ),
    )
    const with_ = (values: readonly string[], of: readonly string[]) =>
      decide(withLists(groups, new Map([['tenant/vip', { version: '1', values, goodUntil: NOON }]])), {
        ...mail({ recipients: [recipient({ groups: of })] }),
        time: '2026-03-02T11:00:00Z',
      }).recipients[0]?.outcome
    expect(with_(['Board'], ['staff', 'board'])).toBe('reject')
    expect(with_(['Board'], ['staff'])).toBe('deliver')
    expect(with_(['Board'], [])).toBe('deliver')
  })
  it('is shown by explain and compared by diff', () => {
    expect(explain(withLists(policy, copies(['x.example'])), to('x.example')).recipients[0]?.fired[0]).toMatchObject({
      rule: 'listed',
    })
    const moved = policyOf(ruleSet(LISTS.replace('p.txt', 'q.txt') + RULES))
    expect(diffPolicies(policy, moved)).toMatchObject([{ kind: 'list', id: 'tenant/cloud', what: 'setting' }])
  })
  it('is not taken for its entries by analysis', () => {
    const both = policyOf(
      ruleSet(
        LISTS +
          rules(
            '{id: a, when: {all: [{recipient.domain: {inList: partners}}, {recipient.domain: x.example}]}, then: [{reject: {text: no}}]}',
            '{id: b, when: {all: [{recipient.domain: {notInList: partners}}, {recipient.domain: fixed.example}]}, then: [{hold: {approvers: [a@x.example]}}]}',
          ),
      ),
    )
    expect(analysePolicy(both).findings.map(({ code }) => code)).not.toContain('never-true')
  })
})

describe('check', () => {
  const lists = (text: string) =>
    errorsOf(ruleSet(`  lists: ${text}\n${rules('{id: a, when: {recipient.domain: {inList: l}}, then: [receipt]}')}`))
  it.each([
    ['{l: {type: domain, from: {}, maxAge: 1d}}', 'list-source'],
    ['{l: {type: domain, from: {file: a, http: "https://x.example/"}, maxAge: 1d}}', 'list-source'],
    ['{l: {type: domain, from: {file: ../etc/passwd}, maxAge: 1d}}', 'wrong-value'],
    ['{l: {type: domain, from: {file: /etc/passwd}, maxAge: 1d}}', 'wrong-value'],
    ['{l: {type: domain, from: {http: "http://x.example/"}, maxAge: 1d}}', 'wrong-value'],
    ['{l: {type: domain, from: {http: "https://u:p@x.example/"}, maxAge: 1d}}', 'wrong-value'],
    ['{l: {type: domain, from: {file: a}}}', 'missing-key'],
    ['{l: {type: domain, from: {file: a}, refresh: 10s, maxAge: 1d}}', 'list-age'],
    ['{l: {type: domain, from: {file: a}, refresh: 2d, maxAge: 1d}}', 'list-age'],
    ['{l: {type: domain, values: [x.example], maxAge: 1d}}', 'list-age'],
    ['{l: {type: domain}}', 'missing-key'],
    ['{l: {type: domain, include: [m]}, m: {type: domain, include: [l]}}', 'list-cycle'],
    ['{l: {type: domain, include: [l]}}', 'list-cycle'],
    ['{l: {type: domain, include: [n]}}', 'unknown-list'],
    ['{l: {type: domain, include: [m]}, m: {type: string, values: [x]}}', 'list-type'],
  ])('refuses %s', (text, code) => {
    expect(lists(text)).toContain(code)
  })
  it('names the way of a circle', () => {
    expect(
      lists('{l: {type: domain, values: [x.example], include: [m]}, m: {type: domain, values: [y.example]}}'),
    ).toEqual([])
  })
})
