import { describe, expect, it } from 'vitest'
import { file, mail, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import type { PolicyInput } from '../../domain/index.ts'
import { decide } from '../evaluate/decide.ts'
import {
  analysePolicy,
  diffPolicies,
  explain,
  loadPolicy,
  neededFacts,
  proveGuarantees,
  readsFileText,
} from '../index.ts'
import { decidePlainly } from '../reference/interpreter.ts'

const ALLOW = '  allow: [cel]\n'
const policyWith = (expression: string) =>
  policyOf(ruleSet(ALLOW + rules(`{id: r, when: {cel: ${JSON.stringify(expression)}}, then: [{reject: {text: no}}]}`)))
const outcome = (expression: string, input: PolicyInput) => {
  const policy = policyWith(expression)
  const decision = decide(policy, input)
  expect(decidePlainly(policy, input)).toEqual(decision)
  return decision.recipients[0]?.outcome
}
const finding = (expression: string, allow = ALLOW) => {
  const { diagnostics } = loadPolicy([
    ruleSet(allow + rules(`{id: r, when: {cel: ${JSON.stringify(expression)}}, then: [receipt]}`)),
  ])
  return diagnostics.filter(({ severity }) => severity === 'error')
}

const full = mail({
  message: { subject: 'Offer 7', header: { 'x-case': ['A-1', 'B-2'] } },
  sender: { department: 'Sales' },
  attachments: [file('a.pdf', 2_000), { ...file('b.step', 10), index: 1 }],
  recipients: [recipient({ groups: ['VIP'], keys: { smime: 'valid' } })],
})

describe('an expression', () => {
  it.each([
    ['message.subject == "offer 7"', 'reject'],
    ['message.subject.startsWith("offer") && message.size > 1000', 'reject'],
    ['message.subject.size() == message.size', 'deliver'],
    ['message.header["x-case"].size() == 2', 'reject'],
    ['message.header["x-none"].size() == 0', 'reject'],
    ['message.header["x-case"].exists(h, h.endsWith("-2"))', 'reject'],
    ['sender.department in ["sales", "legal"]', 'reject'],
    ['"vip" in recipient.groups && recipient.keys.smime == "valid"', 'reject'],
    ['files.exists(f, f.size > 1000 && "pdf" in f.type)', 'reject'],
    ['files.filter(f, f.size > 1000).size() > attachments.count', 'deliver'],
    ['files.all(f, f.size < 100)', 'deliver'],
    ['message.time < timestamp("2020-01-01T00:00:00Z")', 'deliver'],
    ['message.time.getFullYear() == 2026', 'reject'],
    ['!(message.size > 5) ? true : false', 'deliver'],
  ])('says what the structure cannot: %s', (expression, expected) => {
    expect(outcome(expression, full)).toBe(expected)
  })
  it('with a fact that is missing is unknown, which restricts by waiting', () => {
    const { department: _, ...sender } = full.sender
    const unknown = { ...full, sender }
    expect(outcome('sender.department == "sales"', unknown)).toBe('defer')
    expect(outcome('sender.department == "sales" || message.size > 5', unknown)).toBe('reject')
    expect(outcome('sender.department == "sales" && message.size < 5', unknown)).toBe('deliver')
    expect(outcome('!(sender.department == "sales")', unknown)).toBe('defer')
    expect(outcome('sender.department == ""', mail({ sender: { department: null } }))).toBe('reject')
  })
  it('sees no files where one may be hidden', () => {
    const { attachments: _, ...rest } = full
    expect(outcome('files.exists(f, f.size > 1)', rest)).toBe('defer')
    expect(outcome('!files.exists(f, f.size > 5000)', { ...full, message: { ...full.message, defects: ['d'] } })).toBe(
      'defer',
    )
    expect(outcome('attachments.totalSize < 9000', { ...full, message: { ...full.message, defects: ['d'] } })).toBe(
      'defer',
    )
    expect(
      outcome('files.exists(f, f.macro)', { ...full, attachments: [{ ...file('a.doc'), macro: undefined as never }] }),
    ).toBe('defer')
  })
  it('that goes wrong at run time is unknown', () => {
    expect(outcome('message.size / (message.size - message.size) > 1', full)).toBe('defer')
    expect(outcome('message.header["x-none"][0] == "a"', full)).toBe('defer')
    expect(outcome('int(message.subject) == 7', full)).toBe('defer')
  })
  it('over a file that readers show under two names is unknown: either could be the one that counts', () => {
    const two = { ...file('report.txt'), otherNames: ['report.js'] }
    expect(outcome('files.exists(f, f.extension == "js")', { ...full, attachments: [two] })).toBe('defer')
  })
  it('looks up what it names, and nothing else', () => {
    const lookups = (expression: string) =>
      neededFacts(policyWith(expression), { ...full, recipients: [recipient({ keys: {} })] })
    expect(lookups('recipient.keys.smime == "valid"')).toEqual([{ recipient: 0, lookup: 'keys' }])
    expect(lookups('message.size > 5')).toEqual([])
    expect(readsFileText(policyWith('files.exists(f, f.text.contains("secret"))'))).toBe(true)
  })
  it('is shown by explain, compared by diff and left open by analysis', () => {
    const policy = policyWith('message.size > 5')
    expect(explain(policy, full).recipients[0]?.fired[0]).toMatchObject({ rule: 'r' })
    expect(diffPolicies(policy, policyWith('message.size > 5'))).toEqual([])
    expect(diffPolicies(policy, policyWith('message.size > 6'))).toMatchObject([
      { what: 'condition', relation: 'changed' },
    ])
    const contradiction = policyOf(
      ruleSet(
        `${ALLOW}${rules('{id: r, when: {all: [{cel: "message.size > 5"}, {message.size: {lt: 3}}]}, then: [{protect: {anyOf: [smime]}}]}')}  guarantees:\n    - {id: g, title: g, when: {cel: "message.size > 5"}, require: {protectedBy: [smime]}}\n`,
      ),
    )
    expect(analysePolicy(contradiction).findings.map(({ code }) => code)).toEqual([])
    expect(proveGuarantees(contradiction)[0]?.status).not.toBe('proved')
  })
})

describe('check', () => {
  it('refuses expressions unless the rule set asks for them', () => {
    expect(finding('message.size > 5', '')).toMatchObject([{ code: 'cel-not-allowed', line: 6 }])
    expect(finding('message.size > 5')).toEqual([])
  })
  it.each([
    ['message.sbject == "a"', 'message.sbject is no field'],
    ['message.size == "a"', 'no such overload'],
    ['message.size', 'true or false'],
    ['message.subject.', 'Expected'],
    ['message.subject.matches("a+")', 'matches() is not available'],
    ['has(message.subject)', 'has() is not available'],
    ['[1].map(x, x + 1).size() == 1', 'map() is not available'],
    ['files.exists(f, files.exists(g, f.size == g.size))', 'a loop inside of a loop'],
    ['files.exists(f, f.siez > 5)', 'siez'],
    ['message.subject == "Offer"', 'write "offer"'],
    ['message.header == message.header', 'write message.header["x-name"]'],
    ['message.header["X-Case"].size() > 0', 'lower case'],
    ['message.header[message.subject].size() > 0', 'name the header as a text'],
    ['message == message', 'name a field of message'],
    ['nobody.knows == 1', 'nobody'],
    ['dlp.iban > 1', 'dlp'],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, 'maxDepth'],
    [Array.from({ length: 150 }, () => 'true').join(' && '), 'Exceeded'],
  ])('refuses %s', (expression, detail) => {
    const [found, ...more] = finding(expression)
    expect(more).toEqual([])
    expect(found).toMatchObject({ code: 'cel-wrong' })
    expect(found?.text.en).toContain(detail)
  })
  it('names the place in the expression, and the name that was meant', () => {
    const text = '    - {id: r, when: {cel: "'
    expect(finding('message.size > 5 && message.sbject == "a"')[0]).toMatchObject({
      line: 7,
      column: text.length + 1 + 'message.size > 5 && '.length,
      suggestion: 'message.subject',
    })
  })
})
