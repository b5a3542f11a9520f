/** What a change of text means for mail. */
import { describe, expect, it } from 'vitest'
import { policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import { decide, diffPolicies } from '../index.ts'

const REJECT = 'then: [{reject: {text: no}}]'
const NONE = '  rules: []\n'
const PROTECT = 'then: [{protect: {anyOf: [smime, pdf]}}]'

function diff(before: string, after: string) {
  return diffPolicies(policyOf(ruleSet(before)), policyOf(ruleSet(after)))
}
const short = (before: string, after: string) =>
  diff(before, after).map(({ kind, id, what, relation, flags }) =>
    [kind, id, what, relation, ...flags].filter(Boolean).join(' '),
  )
const one = (when: string, rest: string) => rules(`{id: a, when: ${when}, ${rest}}`)

describe('conditions', () => {
  const outbound = '{message.direction: outbound}'
  const both = '{all: [{message.direction: outbound}, {message.size: {gt: 10MB}}]}'
  const cases: [string, string, string, string[]][] = [
    ['a test less', one(both, REJECT), one(outbound, REJECT), ['rule a condition wider wider-on-reject']],
    ['a test more', one(outbound, PROTECT), one(both, PROTECT), ['rule a condition narrower narrower-on-protect']],
    ['wider protection is no alarm', one(both, PROTECT), one(outbound, PROTECT), ['rule a condition wider']],
    [
      'fewer are refused: mail gets out',
      one(outbound, REJECT),
      one(both, REJECT),
      ['rule a condition narrower narrower-on-protect'],
    ],
    [
      'a threshold',
      one('{message.size: {gte: 10MB}}', PROTECT),
      one('{message.size: {gte: 20MB}}', PROTECT),
      ['rule a condition narrower narrower-on-protect'],
    ],
    [
      'a label',
      one('{message.classification: {atLeast: secret}}', REJECT),
      one('{message.classification: {atLeast: confidential}}', REJECT),
      ['rule a condition wider wider-on-reject'],
    ],
    [
      'other mail',
      one('{recipient.domain: x.example}', PROTECT),
      one('{recipient.domain: y.example}', PROTECT),
      ['rule a condition changed narrower-on-protect'],
    ],
    [
      'a larger file',
      one('{attachment: {any: {type: step, size: {gte: 30MB}}}}', PROTECT),
      one('{attachment: {any: {type: [step, pdf], size: {gte: 10MB}}}}', PROTECT),
      ['rule a condition wider'],
    ],
  ]
  for (const [name, before, after, expected] of cases) it(name, () => expect(short(before, after)).toEqual(expected))

  it('the same in other words gives nothing', () => {
    const written = (when: string) => one(when, PROTECT)
    const a = written('{all: [{recipient.domain: {in: [x.example, y.example]}}, {not: {message.size: {lt: 5MB}}}]}')
    const b = written(
      '{all: [{message.size: {gte: 5MB}}, {any: [{recipient.domain: y.example}, {recipient.domain: x.example}]}]}',
    )
    expect(diff(a, b)).toEqual([])
  })
  it('shows a mail that only one of the two applies to', () => {
    const [before, after] = [one(both, REJECT), one(outbound, REJECT)]
    const [change] = diff(before, after)
    const outcomes = [before, after].map(
      (text) => decide(policyOf(ruleSet(text)), change!.mail!).recipients[0]!.outcome,
    )
    expect(outcomes).toEqual(['deliver', 'reject'])
  })
})

describe('everything else', () => {
  const base = one('{message.direction: outbound}', PROTECT)
  const list = (values: string) =>
    `  lists: {x: {type: domain, values: ${values}}}\n${one('{recipient.domain: {inList: x}}', PROTECT)}`
  const guarantee = (require: string, when = '{recipient.external: true}') =>
    `  guarantees: [{id: g, title: t, when: ${when}, require: ${require}}]\n`
  const cases: [string, string, string, string[]][] = [
    ['added', NONE, base, ['rule a added']],
    ['added, and it refuses', NONE, rules(`{id: a, ${REJECT}}`), ['rule a added wider-on-reject']],
    ['removed', base, NONE, ['rule a removed narrower-on-protect']],
    ['renamed', base, base.replace('id: a', 'id: b'), ['rule b renamed']],
    ['fewer methods', base, base.replace('[smime, pdf]', '[smime]'), ['rule a actions narrower-on-protect']],
    ['methods in another order', base, base.replace('[smime, pdf]', '[pdf, smime]'), []],
    ['one action more', base, base.replace('then: [', 'then: [receipt, '), ['rule a actions']],
    ['simulated', base, base.replace('id: a', 'id: a, mode: simulate'), ['rule a mode narrower-on-protect']],
    ['overridable', base, base.replace('id: a', 'id: a, overridable: true'), ['rule a setting narrower-on-protect']],
    ['preference', base, `  preference: [pdf, smime]\n${base}`, ['policy preference setting']],
    ['a title', base, base.replace('id: a', 'id: a, title: other'), []],
    [
      'a list grows',
      list('[x.example]'),
      list('[x.example, y.example]'),
      ['list tenant/x entries', 'rule a condition wider'],
    ],
    ['a guarantee goes', guarantee('{protectedBy: [smime]}'), NONE, ['guarantee g removed narrower-on-protect']],
    [
      'a guarantee asks less',
      guarantee('{protectedBy: [smime]}'),
      guarantee('{protectedBy: [smime, tls]}'),
      ['guarantee g setting narrower-on-protect'],
    ],
    [
      'a guarantee for less mail',
      guarantee('{protectedBy: [smime]}'),
      guarantee('{protectedBy: [smime]}', '{all: [{recipient.external: true}, {message.size: {gt: 1KB}}]}'),
      ['guarantee g condition narrower narrower-on-protect'],
    ],
  ]
  for (const [name, before, after, expected] of cases) it(name, () => expect(short(before, after)).toEqual(expected))
})
