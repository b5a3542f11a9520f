/** Every mistake gets a place, a stable code and, where one name was meant, that name; hostile files cost little. */
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../test/support/cpu-time.ts'
import { ruleSet, rules } from '../../test/support/policy.ts'
import { messages } from './diagnostic-texts.ts'
import { loadPolicy, ruleSetSchema } from './index.ts'

const check = (text: string) => loadPolicy([{ name: 'p.yaml', text }])
const found = (spec: string, layer = 'tenant') =>
  check(ruleSet(spec, layer).text).diagnostics.map((d) =>
    [`${d.line}:${d.column}`, d.code, d.suggestion].filter(Boolean).join(' '),
  )

describe('findings', () => {
  const cases: [string, string, string[]][] = [
    ['a field', rules('{id: a, when: {message.sbject: x}, then: [receipt]}'), ['6:22 unknown-field message.subject']],
    [
      'an operator',
      rules('{id: a, when: {message.subject: {contain: x}}, then: [receipt]}'),
      ['6:40 unknown-operator contains'],
    ],
    ['an action', rules('{id: a, then: [{fileLnk: {}}]}'), ['6:22 unknown-action fileLink']],
    [
      'a parameter',
      rules('{id: a, then: [{protect: {anyof: [smime]}}]}'),
      ['6:32 missing-key', '6:33 unknown-field anyOf'],
    ],
    ['a method', rules('{id: a, then: [{protect: {anyOf: [smim]}}]}'), ['6:41 wrong-value smime']],
    [
      'a label',
      rules('{id: a, when: {message.classification: confidental}, then: [receipt]}'),
      ['6:46 unknown-label confidential'],
    ],
    ['a unit', rules('{id: a, when: {message.size: {gt: 25 megs}}, then: [receipt]}'), ['6:41 wrong-unit']],
    [
      'a duration',
      rules('{id: a, then: [{fileLink: {select: {}, access: link, expires: soon}}]}'),
      ['6:69 wrong-unit'],
    ],
    [
      'look-around',
      rules('{id: a, when: {message.subject: {matches: "(?=x)"}}, then: [receipt]}'),
      ['6:49 wrong-pattern'],
    ],
    ['a domain', rules('{id: a, when: {recipient.domain: "a..b"}, then: [receipt]}'), ['6:40 wrong-domain']],
    ['a list', rules('{id: a, when: {recipient.domain: {inList: x}}, then: [receipt]}'), ['6:49 unknown-list']],
    ['two keys', rules('{id: a, when: {message.subject: x, message.size: 1}, then: [receipt]}'), ['6:42 one-key']],
    ['an id twice', rules('{id: a, then: [receipt]}', '{id: a, then: [receipt]}'), ['7:7 duplicate-rule']],
    ['no effect', rules('{id: a}'), ['6:7 rule-without-effect']],
    [
      'an attachment field without attachment:',
      rules('{id: a, when: {attachment.type: pdf}, then: [receipt]}'),
      ['6:22 scope-refused'],
    ],
    ['a selector that is not of the sender', '  appliesTo: {message.subject: x}\n', ['5:14 scope-refused']],
    [
      'final and overridable',
      rules('{id: a, final: true, overridable: true, then: [receipt]}'),
      ['6:7 final-overridable'],
    ],
    ['a forged header', rules('{id: a, then: [{setHeader: {name: From, value: x}}]}'), ['6:41 header-refused']],
    ['a key twice', '  rules: []\n  rules: []\n', ['6:3 duplicate-key']],
    ['an alias', '  lists: &a {}\n  rules: *a\n', ['5:13 alias-refused', '6:10 alias-refused']],
    ['a merge key', '  <<: {}\n', ['5:3 merge-key-refused']],
    ['a tag', '  lists: !!js/function x\n', ['5:24 tag-refused']],
    [
      'an expression nobody asked for',
      rules('{id: a, when: {cel: "true"}, then: [{deliverTo: {role: x}}]}'),
      ['6:22 cel-not-allowed'],
    ],
  ]
  for (const [name, spec, expected] of cases) it(name, () => expect(found(spec)).toEqual(expected))

  it('an unused list is a warning and no obstacle', () => {
    const { policy, diagnostics } = check(ruleSet('  lists: {x: {type: string, values: [a]}}\n').text)
    expect(policy).not.toBeNull()
    expect(diagnostics.map((d) => d.code)).toEqual(['unused-list'])
  })
  it('kind, version and JSON', () => {
    expect(check('{"a": 1}').diagnostics.map((d) => d.code)).toEqual(['unknown-version', 'unknown-kind'])
    expect(check(ruleSet('').text.replace('RuleSet', 'RuelSet')).diagnostics[0]).toMatchObject({
      code: 'unknown-kind',
      suggestion: 'RuleSet',
    })
    const set = {
      apiVersion: 'secflow/v1',
      kind: 'RuleSet',
      metadata: { name: 'a', layer: 'tenant', owner: 'o' },
      spec: {},
    }
    expect(check(JSON.stringify(set)).policy).not.toBeNull()
    expect(loadPolicy([{ name: 'x_test.yaml', text: 'rubbish: [' }]).diagnostics.map((d) => d.code)).toEqual([
      'no-rule-set',
    ])
  })
  it('has every text in both languages', () => {
    for (const { de, en } of Object.values(messages)) expect(de !== '' && en !== '' && de !== en).toBe(true)
  })
})

describe('hostile files', () => {
  const head = ruleSet('').text
  const many = (n: number, line: (i: number) => string) => Array.from({ length: n }, (_, i) => line(i)).join('\n')
  const cases: [string, string, string][] = [
    ['brackets', '['.repeat(500_000), 'too-deep'],
    ['dashes', '- '.repeat(100_000), 'too-deep'],
    ['a bomb', many(9, (i) => `a${i}: &a${i} [${i ? `*a${i - 1},`.repeat(9) : 'x'}]`), 'alias-refused'],
    ['size', ' '.repeat(1_100_000), 'file-too-large'],
    ['bytes, not characters', `${head}# ${'€'.repeat(400_000)}`, 'file-too-large'],
    ['50,000 keys', `${head}${many(50_000, (i) => `  k${i}: 1`)}`, 'unknown-field'],
    [
      'a huge rule',
      `${head}${rules(`{id: a, when: {any: [${'{message.subject: x}, '.repeat(600)}]}, then: [receipt]}`)}`,
      'too-many-nodes',
    ],
    [
      'a program of repeats',
      `${head}${rules('{id: a, when: {message.subject: {matches: "(x{1,500}){1,500}"}}, then: [receipt]}')}`,
      'wrong-pattern',
    ],
  ]
  for (const [name, text, code] of cases) {
    it(name, () => {
      const start = cpuMs()
      const { policy, diagnostics } = check(text)
      expect(policy).toBeNull()
      expect(diagnostics.map((d) => d.code)).toContain(code)
      expect(diagnostics.length).toBeLessThanOrEqual(200)
      expect(cpuMs() - start).toBeLessThan(10_000)
    })
  }
})

it('the schema describes every field, operator and action, and no reference dangles', () => {
  const text = JSON.stringify(ruleSetSchema())
  const defined = Object.keys(ruleSetSchema()['$defs'] as object)
  for (const [, name] of text.matchAll(/"#\/\$defs\/([^"]+)"/g)) expect(defined).toContain(name)
  for (const name of ['message.subject', 'recipient.keys.smime', 'stripHeader', 'protect', 'containsTag'])
    expect(text).toContain(`"${name}"`)
})
