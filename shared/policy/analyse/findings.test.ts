/** Every finding of the analysis, beside the neighbour that is none. */
import { describe, expect, it } from 'vitest'
import { policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import type { PolicyFile } from '../index.ts'
import { analysePolicy, decide } from '../index.ts'

const found = (...files: readonly PolicyFile[]) =>
  analysePolicy(policyOf(...files)).findings.map(({ line, column, code }) => `${line}:${column} ${code}`)
const when = (condition: string) => ruleSet(rules(`{id: a, when: ${condition}, then: [receipt]}`))

describe('never true', () => {
  const never: readonly [string, string][] = [
    ['sizes', '{all: [{message.size: {gt: 20MB}}, {message.size: {lt: 10MB}}]}'],
    ['neighbouring sizes', '{all: [{message.size: {gt: 10}}, {message.size: {lt: 11}}]}'],
    ['classes', '{all: [{message.classification: {atLeast: secret}}, {message.classification: internal}]}'],
    ['domains', '{all: [{recipient.domain: {under: x.example}}, {recipient.domain: y.example}]}'],
    ['itself and not itself', '{all: [{recipient.groups: vip}, {not: {recipient.groups: vip}}]}'],
    ['texts', '{all: [{message.subject: Offer}, {message.subject: {contains: invoice}}]}'],
    [
      'a tag that contains what must not be',
      '{all: [{message.subject: {containsTag: "#NIS2"}}, {not: {message.subject: {contains: nis}}}]}',
    ],
    ['one file', '{attachment: {any: {size: {gt: 20MB, lt: 10MB}}}}'],
    ['files', '{all: [{attachment: {any: {type: pdf, size: {gt: 5MB}}}}, {attachment: {none: {type: pdf}}}]}'],
    ['directions', '{all: [{message.direction: outbound}, {recipient.external: false}]}'],
    ['key states', '{all: [{recipient.keys.smime: valid}, {recipient.keys.smime: {notIn: [valid, expired]}}]}'],
  ]
  for (const [name, condition] of never) it(name, () => expect(found(when(condition))).toEqual(['6:7 never-true']))

  const can: readonly [string, string][] = [
    ['sizes', '{all: [{message.size: {gt: 10}}, {message.size: {lt: 12}}]}'],
    [
      'a tag within a tag',
      '{all: [{message.subject: {containsTag: "#NIS2"}}, {not: {message.subject: {containsTag: "#NIS25"}}}]}',
    ],
    ['two groups', '{all: [{recipient.groups: vip}, {recipient.groups: consumers}]}'],
    ['two files', '{all: [{attachment: {any: {type: pdf}}}, {attachment: {any: {type: step}}}]}'],
    [
      'another file',
      '{all: [{attachment: {any: {type: pdf, size: {gt: 5MB}}}}, {not: {attachment: {all: {size: {gt: 5MB}}}}}]}',
    ],
    ['subdomain', '{all: [{recipient.domain: {under: x.example}}, {recipient.domain: a.x.example}]}'],
    ['patterns', '{all: [{message.subject: {matches: "^a"}}, {message.subject: {matches: "^b"}}]}'],
  ]
  for (const [name, condition] of can) it(`can be: ${name}`, () => expect(found(when(condition))).toEqual([]))

  it('guarantees and exceptions too', () => {
    const spec = `  guarantees: [{id: g, title: t, when: {all: [{message.size: {gt: 2}}, {message.size: 1}]}, require: {protectedBy: [smime]}}]\n`
    expect(found(ruleSet(spec))).toEqual(['5:16 never-true'])
  })
})

describe('redundant', () => {
  const two = (a: string, b: string) => found(ruleSet(rules(a, b)))
  const wide = '{id: a, when: {message.size: {gt: 1MB}}, then: [{protect: {anyOf: [smime]}}]}'
  it('a narrower condition and weaker actions', () => {
    expect(two(wide, '{id: b, when: {message.size: {gt: 2MB}}, then: [{protect: {anyOf: [smime, pgp]}}]}')).toEqual([
      '7:7 redundant-rule',
    ])
  })
  it('twins: the later one is named', () => {
    expect(two(wide, wide.replace('id: a', 'id: b'))).toEqual(['7:7 redundant-rule'])
  })
  it('across layers', () => {
    const lower = ruleSet(
      rules('{id: b, when: {message.size: {gt: 2MB}}, then: [{protect: {anyOf: [smime]}}]}'),
      'department',
    )
    expect(found(ruleSet(rules(wide)), lower)).toEqual(['6:7 redundant-rule'])
  })
  const not: readonly [string, string][] = [
    ['a wider condition', '{id: b, then: [{protect: {anyOf: [smime, pgp]}}]}'],
    [
      'stronger actions',
      '{id: b, when: {message.size: {gt: 2MB}}, then: [{protect: {anyOf: [smime], ifNone: quarantine}}, receipt]}',
    ],
    [
      'a pinned rule of higher rank',
      '{id: b, final: true, when: {message.size: {gt: 2MB}}, then: [{protect: {anyOf: [smime]}}]}',
    ],
  ]
  for (const [name, other] of not) it(`not: ${name}`, () => expect(two(wide, other)).toEqual([]))
  it('not: covered by what the sender may waive', () => {
    const soft = wide.replace('id: a', 'id: a, overridable: true')
    expect(two(soft, '{id: b, when: {message.size: {gt: 2MB}}, then: [{protect: {anyOf: [smime]}}]}')).toEqual([])
  })
  it('not: in doubt where the other is certain', () => {
    const a = '{id: a, then: [{protect: {anyOf: [smime]}}]}'
    const b = '{id: b, when: {recipient.groups: vip}, then: [{protect: {anyOf: [smime, pgp]}}]}'
    // A failed look-up of groups defers by b, and not by a.
    expect(two(a, b)).toEqual([])
  })
})

describe('branches', () => {
  const choose = (...branches: readonly string[]) => found(ruleSet(rules(`{id: a, choose: [${branches.join(', ')}]}`)))
  it('after a wider one', () => {
    expect(
      choose(
        '{when: {message.size: {gt: 1MB}}, then: [receipt]}',
        '{when: {message.size: {gt: 5MB}}, then: [receipt]}',
        '{otherwise: true, then: []}',
      ),
    ).toEqual(['6:117 unreachable-branch'])
  })
  it('otherwise after everything', () => {
    const codes = choose(
      '{when: {message.size: {gt: 1MB}}, then: [receipt]}',
      '{when: {message.size: {lte: 1MB}}, then: [receipt]}',
      '{otherwise: true, then: [receipt]}',
    )
    expect(codes).toEqual([expect.stringContaining('unreachable-branch')])
  })
  it('not where a fact may be unknown', () => {
    const codes = choose(
      '{when: {recipient.keys.smime: valid}, then: [receipt]}',
      '{when: {recipient.keys.smime: {not: valid}}, then: [receipt]}',
      '{otherwise: true, then: [receipt]}',
    )
    expect(codes).toEqual([])
  })
})

describe('rules that meet', () => {
  const pdf = ruleSet(
    rules('{id: pdf, when: {message.subject: {containsTag: "#NIS2"}}, then: [{protect: {anyOf: [pdf]}}]}'),
  )
  const keys = (condition: string) =>
    ruleSet(rules(`{id: keys, when: ${condition}, then: [{protect: {anyOf: [smime, pgp]}}]}`), 'department')

  it('no method in common between layers: a mail that meets both', () => {
    const files = [pdf, keys('{message.classification: {atLeast: confidential}}')]
    const [finding, ...more] = analysePolicy(policyOf(...files)).findings
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      code: 'no-common-method',
      severity: 'warning',
      file: 'department.yaml',
      line: 6,
      column: 7,
    })
    const [decided] = decide(policyOf(...files), finding!.mail!).recipients
    expect(decided).toMatchObject({ outcome: 'reject' })
    expect(decided!.reasons.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['pdf', 'keys']))
  })
  it('an error where the higher rule always applies too', () => {
    const always = keys('{all: [{message.subject: {containsTag: "#NIS2"}}, {message.size: {gt: 1KB}}]}')
    expect(analysePolicy(policyOf(pdf, always)).findings).toMatchObject([{ code: 'dead-end', severity: 'error' }])
  })
  it('none where they never meet', () => {
    expect(found(pdf, keys('{not: {message.subject: {contains: "#nis2"}}}'))).toEqual([])
  })
  it('one slot, two values', () => {
    const routes = (b: string) =>
      rules(
        '{id: a, when: {message.size: {gt: 1MB}}, then: [{route: {via: r1}}]}',
        `{id: b, when: ${b}, then: [{route: {via: r2}}]}`,
      )
    expect(found(ruleSet(routes('{recipient.external: true}')))).toEqual(['7:7 overlapping-values'])
    expect(found(ruleSet(routes('{message.size: {lte: 1MB}}')))).toEqual([])
  })
})
