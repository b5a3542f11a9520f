import { expect, it } from 'vitest'
import { mail, policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import { Facts, messageCache } from '../facts.ts'
import { select } from './select.ts'

const IN = { message: { subject: 'in' } } as const

function chosen(spec: string, parts: Parameters<typeof mail>[0] = {}) {
  const policy = policyOf(ruleSet(spec))
  const input = mail(parts)
  const facts = new Facts(input, input.recipients[0]!, policy.tenantLabels, messageCache())
  const { truth, branch, actions, open } = select(policy.rules[0]!, facts)
  const names = (uses: typeof actions) => uses.map(({ definition }) => definition.name)
  return [truth, branch, names(actions), names(open)]
}

it('names the branch that was taken', () => {
  const either = rules('{id: a, when: {message.subject: in}, then: [receipt], else: [quarantine]}')
  expect(chosen(either, IN)).toEqual([true, 'then', ['receipt'], []])
  expect(chosen(either)).toEqual([false, 'else', ['quarantine'], []])
  expect(chosen(rules('{id: a, when: {message.subject: in}, then: [receipt]}'))).toEqual([false, null, [], []])
  const several = rules(
    '{id: a, choose: [{when: {message.subject: in}, then: [receipt]}, {otherwise: true, then: [quarantine]}]}',
  )
  expect(chosen(several, IN)).toEqual([true, 'choose[0]', ['receipt'], []])
  expect(chosen(several)).toEqual([true, 'choose[1]', ['quarantine'], []])
})

it('takes nothing of a set that is for other senders', () => {
  const sales = '  appliesTo: {sender.department: [sales]}\n'
  expect(chosen(sales + rules('{id: a, then: [receipt], when: {message.subject: in}, else: [quarantine]}'))).toEqual([
    false,
    null,
    [],
    [],
  ])
})
