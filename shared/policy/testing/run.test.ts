import { describe, expect, it } from 'vitest'
import { policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import { runPolicyTests } from './run.ts'

const policy = policyOf(
  ruleSet(
    rules(
      '{id: chosen, choose: [{when: {message.subject: x}, then: [receipt]}, {when: {message.subject: y}, then: [receipt]}, {otherwise: true, then: [receipt]}]}',
      '{id: either, when: {message.subject: x}, then: [receipt], else: [{audit: {level: full}}]}',
      '{id: plain, when: {message.subject: y}, then: [receipt]}',
      '{id: tried, mode: simulate, when: {message.subject: x}, then: [receipt]}',
    ),
  ),
)

function testsOf(...subjects: readonly string[]) {
  const tests = subjects.map(
    (subject) =>
      `  - {name: ${subject}, input: {message: {subject: ${subject}}, recipients: [{}]}, expected: [{outcome: deliver}]}\n`,
  )
  return { name: 'a_test.yaml', text: `apiVersion: secflow/v1\nkind: PolicyTest\nname: t\ntests:\n${tests.join('')}` }
}

describe('coverage of rules and branches', () => {
  it('names every branch that no test took, and a rule with one branch by its id', () => {
    expect(runPolicyTests(policy, [testsOf('x')]).uncovered).toEqual([
      'chosen choose[1]',
      'chosen choose[2]',
      'either else',
      'plain',
    ])
    expect(runPolicyTests(policy, [testsOf('y')]).uncovered).toEqual([
      'chosen choose[0]',
      'chosen choose[2]',
      'either then',
      'tried',
    ])
  })
  it('is complete when every branch was taken', () => {
    expect(runPolicyTests(policy, [testsOf('x', 'y', 'z')]).uncovered).toEqual([])
  })
})

describe('a list from outside in tests', () => {
  const listed = policyOf(
    ruleSet(
      `  lists: {far: {type: domain, from: {file: far.txt}, maxAge: 1d}}\n${rules('{id: far, when: {recipient.domain: {inList: far}}, then: [{reject: {text: no}}]}')}`,
    ),
  )
  const run = (lists: string, outcome: string) =>
    runPolicyTests(listed, [
      {
        name: 'a_test.yaml',
        text: `apiVersion: secflow/v1\nkind: PolicyTest\nname: t\n${lists}tests:\n  - {name: a, input: {message: {}, recipients: [{address: a@x.example}]}, expected: [{outcome: ${outcome}}]}\n`,
      },
    ])
  it('has the entries that the test gives it, and is unknown without', () => {
    expect(run('lists: {tenant/far: [x.example]}\n', 'reject')).toMatchObject({ failed: 0, uncovered: [] })
    expect(run('lists: {tenant/far: [y.example]}\n', 'deliver')).toMatchObject({ failed: 0, uncovered: ['far'] })
    expect(run('', 'defer')).toMatchObject({ failed: 0 })
    expect(run('lists: {tenant/fra: [x.example]}\n', 'defer').diagnostics).toMatchObject([
      { code: 'unknown-field', suggestion: 'tenant/far' },
    ])
  })
})
