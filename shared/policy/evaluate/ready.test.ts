import { describe, expect, it } from 'vitest'
import { policyOf, ruleSet } from '../../../test/support/policy.ts'
import type { Reason } from '../../domain/index.ts'
import { messageCache } from '../facts.ts'
import type { ActionUse } from '../ir.ts'
import type { ActionScene, AnyAction } from '../registry/action.ts'
import { ReadyUse, Whole } from './ready.ts'

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

describe('what an action brings', () => {
  const scene = { rank: 0 } as ActionScene
  const reason: Reason = { rule: 'a', layer: 'tenant', text: { de: '', en: '' } }
  /** A use of an action that counts how often it is asked. */
  function counting(more: object, value?: unknown) {
    const counted = { asked: 0 }
    const definition = {
      name: 'count',
      phase: 'notify',
      restrictive: false,
      contribute() {
        counted.asked++
        return value === undefined ? undefined : [{ slot: '', value }]
      },
      ...more,
    } as unknown as AnyAction
    return {
      counted,
      use: new ReadyUse({ definition, params: {}, at: { line: 1, column: 1 } } as ActionUse, 0, new Map()),
    }
  }
  it('is asked once a message where it hangs on the message alone, also when it is unknown', () => {
    for (const value of [undefined, 'v']) {
      const { counted, use } = counting({ ofMessage: true }, value)
      const message = messageCache()
      expect(use.contributeOnce(scene, message)).toEqual(use.contributeOnce(scene, message))
      expect(counted.asked).toBe(1)
      use.contributeOnce(scene, messageCache())
      expect(counted.asked).toBe(2)
    }
  })
  it('is asked for each recipient where it hangs on the recipient, and never again where it is fixed', () => {
    const message = messageCache()
    const [open, fixed] = [counting({}, 'v'), counting({ fixed: () => true, ofMessage: true }, 'v')]
    for (const { use } of [open, fixed]) for (let i = 0; i < 3; i++) use.contributeOnce(scene, message)
    expect([open.counted.asked, fixed.counted.asked]).toEqual([3, 1])
  })
  it('is one thing for a whole rule, made once, where every action is fixed', () => {
    const [add, gate] = [
      counting({ fixed: () => true }, 'v').use,
      counting(
        { fixed: () => true, phase: 'gate', restrictive: true },
        { outcome: 'reject', texts: ['t'], approvers: [] },
      ).use,
    ]
    const whole = new Whole(reason, [add, gate], 3)
    expect(whole.actions).toEqual([add, gate])
    const brought = whole.brought()
    expect(brought).toMatchObject({
      contributions: [{ key: 'count', value: 'v' }],
      gate: { outcome: 'reject' },
      weighed: { reason, weight: 'reject', order: 3 },
    })
    expect(whole.brought()).toBe(brought)
    expect(new Whole(reason, [add], 0).brought()?.weighed.weight).toBeNull()
    expect(new Whole(reason, [], 0).brought()).toBeNull()
    expect(new Whole(reason, [add, counting({}, 'v').use], 0).brought()).toBeNull()
  })
})
