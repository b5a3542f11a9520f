/** Analysis against brute force: whatever it claims holds for every mail of a small space. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { Boxes } from '../../shared/policy/analyse/boxes.ts'
import { F, T, U } from '../../shared/policy/analyse/form.ts'
import { Universe } from '../../shared/policy/analyse/universe.ts'
import { compileCondition, compileSelector, Slots } from '../../shared/policy/compile.ts'
import { Facts, messageCache } from '../../shared/policy/facts.ts'
import type { Condition } from '../../shared/policy/ir.ts'
import type { Policy } from '../../shared/policy/policy.ts'
import { policyOf } from '../support/policy.ts'
import { anyMail, condition } from '../support/policy-space.ts'

const RUNS = 400
const THEN = 'then'

export const policyFrom = (list: readonly unknown[], more: object = {}): Policy =>
  policyOf({
    name: 'p.json',
    text: JSON.stringify({
      apiVersion: 'secflow/v1',
      kind: 'RuleSet',
      metadata: { name: 'p', layer: 'tenant', owner: 'security@tenant.example' },
      spec: { rules: list, ...more },
    }),
  })

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
