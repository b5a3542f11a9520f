/** Analysis against brute force: whatever it claims holds for every mail of a small space. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { Boxes } from '../../shared/policy/analyse/boxes.ts'
import { F, T, U } from '../../shared/policy/analyse/form.ts'
import { proveGuarantees } from '../../shared/policy/analyse/guarantees.ts'
import { Universe } from '../../shared/policy/analyse/universe.ts'
import { compileCondition, compileSelector, Slots } from '../../shared/policy/compile.ts'
import { draftsOf } from '../../shared/policy/evaluate/decide.ts'
import { violatedFor } from '../../shared/policy/evaluate/guarantee.ts'
import { Facts, messageCache } from '../../shared/policy/facts.ts'
import { loadPolicy } from '../../shared/policy/index.ts'
import type { Condition } from '../../shared/policy/ir.ts'
import type { Policy } from '../../shared/policy/policy.ts'
import { policyOf } from '../support/policy.ts'
import { anyMail, condition, soundMail } from '../support/policy-space.ts'

const RUNS = 400
const THEN = 'then'

const policyFrom = (list: readonly unknown[], more: object = {}): Policy =>
  policyOf({
    name: 'p.json',
    text: JSON.stringify({
      apiVersion: 'secflow/v1',
      kind: 'RuleSet',
      metadata: { name: 'p', layer: 'tenant', owner: 'security@tenant.example' },
      spec: { rules: list, ...more },
    }),
  })

const loaded = (list: readonly unknown[], more: object): Policy | null =>
  loadPolicy([
    {
      name: 'p.json',
      text: JSON.stringify({
        apiVersion: 'secflow/v1',
        kind: 'RuleSet',
        metadata: { name: 'p', layer: 'tenant', owner: 'security@tenant.example' },
        spec: { rules: list, ...more },
      }),
    },
  ]).policy

const read = (policy: Policy, index: number): Condition => policy.ruleSets[0]!.rules[index]!.when
const factsOf = (policy: Policy, one: PolicyInput) =>
  new Facts(one, one.recipients[0]!, policy.tenantLabels, messageCache())
const bit = (truth: boolean | undefined) => (truth === undefined ? U : truth ? T : F)

/** The one region of every dimension in which a mail lies; fields of single attachments have none. */
function cell(universe: Universe, facts: Facts) {
  const slots = new Slots()
  const picks = (files: Condition) => {
    if (files.kind === 'not') {
      const inner = picks(files.of)
      return (own: Facts, position: number) => {
        const truth = inner(own, position)
        return truth === undefined ? undefined : !truth
      }
    }
    return compileSelector({ leaves: (files as { of: never[] }).of }, slots)
  }
  const asked = universe.dimensions.filter((one) => one.field?.scope !== 'attachment')
  return new Map(asked.map((one) => [one.index, 1n << BigInt(universe.region(one, facts, picks as never))]))
}

describe('boxes', () => {
  it('a mail has in its regions the truth it has in the engine', () => {
    fc.assert(
      fc.property(condition, anyMail, (when, one) => {
        const policy = policyFrom([{ id: 'a', when, [THEN]: ['receipt'] }])
        const universe = new Universe([read(policy, 0)], policy.tenantLabels)
        const form = universe.form(read(policy, 0))
        const truth = bit(compileCondition(read(policy, 0), new Slots())(factsOf(policy, one)))
        const boxes = new Boxes(universe)
        const place = cell(universe, factsOf(policy, one))
        expect(boxes.possible(form, place)).toBe(truth)
        for (const truths of [T, F, U, T | U, F | U]) {
          const inside = boxes.terms(form, truths)?.some((box) => boxes.meet(box, place) !== null)
          if (inside !== undefined && (truths & truth) !== 0) expect(inside).toBe(true)
        }
      }),
      { numRuns: 5 * RUNS },
    )
  })

  it('never, implies and disjoint are never claimed wrongly', () => {
    let claims = 0
    fc.assert(
      fc.property(condition, condition, fc.array(anyMail, { minLength: 60, maxLength: 60 }), (first, second, mails) => {
        const policy = policyFrom([
          { id: 'a', when: first, [THEN]: ['receipt'] },
          { id: 'b', when: second, [THEN]: ['receipt'] },
        ])
        const universe = new Universe([read(policy, 0), read(policy, 1)], policy.tenantLabels)
        const [a, b] = [universe.form(read(policy, 0)), universe.form(read(policy, 1))]
        const boxes = new Boxes(universe)
        const claim = {
          never: boxes.never(a) === 'yes',
          neverOpen: boxes.never(a, U) === 'yes',
          implies: boxes.implies(a, b) === 'yes',
          disjoint: boxes.disjoint(a, b) === 'yes',
        }
        claims += Object.values(claim).filter(Boolean).length
        const [inA, inB] = [0, 1].map((i) => compileCondition(read(policy, i), new Slots()))
        for (const one of mails) {
          const [ta, tb] = [inA!(factsOf(policy, one)), inB!(factsOf(policy, one))]
          if (claim.never) expect(ta).not.toBe(true)
          if (claim.neverOpen) expect(ta).not.toBe(undefined)
          if (claim.implies && ta === true) expect(tb).toBe(true)
          if (claim.disjoint && ta === true) expect(tb).not.toBe(true)
        }
      }),
      { numRuns: RUNS },
    )
    expect(claims).toBeGreaterThan(RUNS / 20)
  })
})

const methods = fc.subarray(['smime', 'pgp', 'pdf', 'portal', 'tls'], { minLength: 1 })
const action = fc.oneof(
  methods.map((anyOf) => ({ protect: { anyOf, ifNone: 'hold' } })),
  fc.constant({ protect: { anyOf: ['smime', 'portal'] } }),
  fc.constantFrom<unknown>(
    { reject: { text: 'no' } },
    { hold: { approvers: ['x@tenant.example'] } },
    { sign: { with: 'smime' } },
    { sign: { with: 'pgp' } },
    { bcc: { to: ['x@elsewhere.example'] } },
    { notify: { to: ['x@tenant.example', '{sender}'], template: 't' } },
    { api: { endpoint: 'erp' } },
    { archive: { store: 's' } },
    { audit: { level: 'full' } },
  ),
)
const someActions = fc.array(action, { minLength: 1, maxLength: 2 })
const options = fc.record({
  overridable: fc.constantFrom(false, false, true),
  mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'simulate'),
  onUnknown: fc.constantFrom('defer', 'hold', 'skip'),
})
const rule = fc.oneof(
  { weight: 3, arbitrary: fc.record({ when: condition, [THEN]: someActions }) },
  fc.record({ when: condition, [THEN]: someActions, else: someActions }),
  fc.record({
    when: condition,
    choose: fc.array(fc.record({ when: condition, [THEN]: someActions }), { minLength: 1, maxLength: 2 }),
  }),
)
const ruleList = fc
  .array(fc.tuple(rule, options), { minLength: 1, maxLength: 5 })
  .map((list) => list.map(([body, more], i) => ({ id: `r${i}`, ...body, ...more })))
const requirement = fc.oneof(
  fc.constant({ protectedBy: ['smime', 'pgp', 'pdf', 'portal'] }),
  fc.constant({ signedBy: ['smime'] }),
  methods.map((protectedBy) => ({ protectedBy })),
  fc.constant({ protectedBy: ['smime', 'portal'], orOutcome: ['hold', 'defer', 'reject'] }),
  fc.constant({ orOutcome: ['hold', 'reject', 'defer', 'quarantine'] }),
)
/** Some guarantees ask what the rules ask, so that proofs come about. */
const guarded = fc
  .tuple(ruleList, condition, requirement, fc.boolean(), fc.boolean())
  .map(([rules, own, require, same, except]) => {
    const when = same ? { all: [rules[0]!.when, own] } : own
    const exceptions =
      except && rules[0]!.overridable
        ? [
            {
              id: 'e',
              rule: 'r0',
              reason: 'x',
              owner: 'o',
              expires: '2027-01-01',
              when: { 'sender.department': 'sales' },
            },
          ]
        : []
    return [rules, { guarantees: [{ id: 'g', title: 't', when, require }], exceptions }] as const
  })

describe('guarantees', () => {
  it('no mail breaks a proved one; a counterexample does', () => {
    const tally = { proved: 0, counterexample: 0, 'not-decided': 0 }
    const many = fc.array(fc.tuple(soundMail, fc.constantFrom(null, 'plain', 'encrypt', 'sign')), {
      minLength: 80,
      maxLength: 80,
    })
    fc.assert(
      fc.property(guarded, many, ([rules, more], mails) => {
        const policy = loaded(rules, more)
        fc.pre(policy !== null)
        const [proof] = proveGuarantees(policy!)
        tally[proof!.status]++
        const unenforced = { ...policy!, guarantees: [] }
        const broken = (one: PolicyInput) =>
          draftsOf(unenforced, one).some((draft) =>
            violatedFor(policy!.guarantees[0]!, unenforced, draft, messageCache()).some(
              (to) => to === draft.facts.recipient.address || !to.endsWith('@tenant.example'),
            ),
          )
        if (proof!.status === 'counterexample') expect(broken(proof!.mail!)).toBe(true)
        if (proof!.status !== 'proved') return
        for (const [one, wish] of mails) {
          const protection = wish === null ? [] : [{ token: wish, reason: 'r' }]
          expect(broken({ ...one, intent: { ...one.intent, protection } } as PolicyInput)).toBe(false)
        }
      }),
      { numRuns: RUNS },
    )
    expect(tally.proved).toBeGreaterThan(RUNS / 20)
    expect(tally.counterexample).toBeGreaterThan(RUNS / 10)
  })
})
