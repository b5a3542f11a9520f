import { expect, it } from 'vitest'
import { policyOf, ruleSet } from '../../../test/support/policy.ts'
import type { ActionScene } from '../registry/action.ts'

const USES = [
  '{defer: {text: later}}',
  '{hold: {approvers: [a@x.example]}}',
  '{quarantine: {}}',
  '{reject: {text: no}}',
  '{stripHeader: {names: [x-a]}}',
  '{setHeader: {name: x-a, value: b}}',
  '{tagSubject: {prefix: "[x]"}}',
  '{disclaimer: {text: hello}}',
  '{archive: {store: s}}',
  '{bcc: {to: [b@x.example]}}',
  '{sign: {with: smime}}',
  '{protect: {anyOf: [smime]}}',
  '{notify: {to: [c@x.example], template: t}}',
  '{notify: {to: ["{sender}"], template: t}}',
  'receipt',
  '{audit: {level: full}}',
]

/** Nothing but the rank may be looked at. */
const blind = new Proxy({ rank: 1 } as ActionScene, {
  get(target, name) {
    if (name === 'rank') return target.rank
    throw new Error(`asked for ${String(name)}`)
  },
})

it('keeps only what hangs on parameters and rank', () => {
  for (const use of USES) {
    const [ready] = policyOf(ruleSet(`  rules: [{id: a, then: [${use}]}]\n`)).rules[0]!.branches[0]!.actions
    if (use.includes('{sender}')) expect(() => ready!.contribute(blind)).toThrow('asked for')
    else expect(ready!.contribute(blind), use).toBe(ready!.contribute(blind))
  }
})

it('has one object for equal contributions of a policy', () => {
  const { rules } = policyOf(
    ruleSet('  rules: [{id: a, then: [{protect: {anyOf: [pgp]}}]}, {id: b, then: [{protect: {anyOf: [pgp]}}]}]\n'),
  )
  const [a, b] = rules.map((rule) => rule.branches[0]!.actions[0]!.contribute(blind)![0])
  expect(a).toBe(b)
})
