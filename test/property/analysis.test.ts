/** Analysis against brute force: whatever it claims holds for every mail of a small space. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { Boxes } from '../../shared/policy/analyse/boxes.ts'
import { analysePolicy } from '../../shared/policy/analyse/findings.ts'
import { F, T, U } from '../../shared/policy/analyse/form.ts'
import { proveGuarantees } from '../../shared/policy/analyse/guarantees.ts'
import { Universe } from '../../shared/policy/analyse/universe.ts'
import { compileCondition, compileSelector, type FilePredicate, Slots } from '../../shared/policy/compile.ts'
import { diffPolicies } from '../../shared/policy/diff/diff.ts'
import { decide, draftsOf } from '../../shared/policy/evaluate/decide.ts'
import { violatedFor } from '../../shared/policy/evaluate/guarantee.ts'
import { select } from '../../shared/policy/evaluate/select.ts'
import { Facts, messageCache } from '../../shared/policy/facts.ts'
import { loadPolicy } from '../../shared/policy/index.ts'
import type { Condition, Leaf } from '../../shared/policy/ir.ts'
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
  const picks = (files: Condition): FilePredicate => {
    if (files.kind === 'not') {
      const inner = picks(files.of)
      return (own: Facts, position: number) => {
        const truth = inner(own, position)
        return truth === undefined ? undefined : !truth
      }
    }
    return compileSelector({ leaves: (files as unknown as { of: readonly Leaf[] }).of }, slots)
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
      { numRuns: 2 * RUNS },
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
      minLength: 40,
      maxLength: 40,
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
      { numRuns: RUNS / 2 },
    )
    expect(tally.proved).toBeGreaterThan(2)
    expect(tally.counterexample).toBeGreaterThan(20)
  })
})

const somemails = fc.array(anyMail, { minLength: 30, maxLength: 30 })
/** Without words: these name rules, also such as are idle. */
const plan = (policy: Policy, one: PolicyInput) =>
  decide(policy, one).recipients.map(({ outcome, method, steps }) => ({ outcome, method, steps }))

/** The same rule for confidential mail only: idle beside the first, unless that one may be waived or branches. */
function narrowed(rule: { readonly id: string; readonly when: unknown }) {
  return { ...rule, id: 'r9', when: { all: [rule.when, { 'message.classification': { atLeast: 'confidential' } }] } }
}

describe('findings', () => {
  it('are never wrong', () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(ruleList, somemails, (some, mails) => {
        const list = [...some, narrowed(some[0]!)]
        const policy = loaded(list, {})
        fc.pre(policy !== null)
        for (const { code, text, mail } of analysePolicy(policy!).findings) {
          seen.set(code, (seen.get(code) ?? 0) + 1)
          const [first = '', second = ''] = text.en.match(/\br\d\b|choose\[\d\]|\belse\b/g) ?? []
          if (code === 'redundant-rule') {
            const without = loaded(
              list.filter((one) => one.id !== first),
              {},
            )
            for (const one of mails) expect(plan(without!, one)).toEqual(plan(policy!, one))
          }
          const rule = policy!.rules.find((one) => one.id === (code === 'unreachable-branch' ? second : first))!
          for (const one of mails) {
            const selection = select(rule, factsOf(policy!, one))
            if (code === 'never-true') expect(selection.truth).not.toBe(true)
            if (code === 'unreachable-branch') expect(selection.branch).not.toBe(first)
          }
          if (mail) {
            const fired = decide(policy!, mail).recipients[0]!.reasons.map((reason) => reason.rule)
            expect(fired).toEqual(expect.arrayContaining([first, second]))
          }
        }
      }),
      { numRuns: RUNS },
    )
    for (const code of ['never-true', 'redundant-rule', 'unreachable-branch', 'no-common-method', 'overlapping-values'])
      expect([code, seen.get(code) ?? 0]).toEqual([code, expect.toSatisfy((count: number) => count > 0)])
  })
})

/** The same conditions with operands turned round, and groups within groups. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => {
    const inner = rewritten(one)
    if ((key === 'all' || key === 'any') && Array.isArray(inner)) {
      const turned = [...inner].reverse()
      return [key, turned.length > 1 ? [{ [key]: turned.slice(0, 1) }, ...turned.slice(1), turned[0]] : turned]
    }
    return [key, inner]
  })
  return Object.fromEntries(entries)
}

describe('diff', () => {
  it('finds nothing in a reordered or reformatted policy', () => {
    const shuffled = ruleList
      .filter((list) => loaded(list, {}) !== null)
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const again = other.map((one) => rewritten(one))
        expect(diffPolicies(loaded(list, {})!, policyFrom(again))).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  it('never calls wider, narrower or the same what is not', () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(condition, condition, fc.nat(3), somemails, (first, extra, kind, mails) => {
        const second = [{ all: [first, extra] }, { any: [first, extra] }, extra, rewritten(first)][kind]
        const [before, after] = [first, second].map((when) => policyFrom([{ id: 'r', when, [THEN]: ['receipt'] }]))
        const [change] = diffPolicies(before!, after!)
        const relation = change?.relation ?? 'same'
        seen.set(relation, (seen.get(relation) ?? 0) + 1)
        const truth = (policy: Policy, one: PolicyInput) => policy.rules[0]!.when(factsOf(policy, one))
        for (const one of mails) {
          const [was, is] = [truth(before!, one), truth(after!, one)]
          if (relation === 'same') expect(is).toBe(was)
          if (relation === 'wider' && was === true) expect(is).toBe(true)
          if (relation === 'narrower' && is === true) expect(was).toBe(true)
        }
        if (!change?.mail) return
        const [was, is] = [truth(before!, change.mail), truth(after!, change.mail)]
        expect([was === true, is === true]).toEqual(relation === 'narrower' ? [true, false] : [false, true])
      }),
      { numRuns: RUNS },
    )
    for (const relation of ['same', 'wider', 'narrower', 'changed']) expect(seen.get(relation) ?? 0).toBeGreaterThan(9)
  })
})
