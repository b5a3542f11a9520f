/**
 * The language by its definition: every rule is tried on every recipient, every leaf reads its fact anew, nothing is kept.
 * Slow and plain. What is fast is held to it by property tests and conformance cases.
 */
import type { Decision, PolicyInput } from '../../domain/index.ts'
import { compileTest } from '../compile.ts'
import type { Selection } from '../compiled-rule.ts'
import { decide, type Release } from '../evaluate/decide.ts'
import type { ReadyUse } from '../evaluate/ready.ts'
import { select } from '../evaluate/select.ts'
import { type Facts, type Normalised, normalise } from '../facts.ts'
import type { Condition, Leaf, Selector, Test } from '../ir.ts'
import type { CompiledRule, Policy } from '../policy.ts'
import { restOf } from '../registry/conditions.ts'
import type { Scene } from '../registry/field.ts'
import { and, not, or, type Truth } from '../truth.ts'

/** As `decide`, with rules selected by a plain walk over their conditions. */
export function decidePlainly(policy: Policy, input: PolicyInput, releases: readonly Release[] = []): Decision {
  return decide(policy, input, releases, selectPlainly)
}

/** As `decide`, with every rule's closures asked and no index. */
export function decideByClosures(policy: Policy, input: PolicyInput, releases: readonly Release[] = []): Decision {
  return decide(policy, input, releases, selectByClosures)
}

export function selectByClosures(policy: Policy, facts: Facts): readonly Selection[] {
  return policy.rules.map((rule) => select(rule, facts)).filter(hasEffect)
}

export function selectPlainly(policy: Policy, facts: Facts): readonly Selection[] {
  return policy.rules.map((rule) => selectRule(rule, facts)).filter(hasEffect)
}

function hasEffect({ branch, open }: Selection): boolean {
  return branch !== null || open.length > 0
}

/** POLICY, Meaning 1 and 7: the first branch that holds for certain; else whatever could be reached is open. */
function selectRule(rule: CompiledRule, facts: Facts): Selection {
  const { applies, own: condition, branches } = rule.source
  const inSet = truthOf(applies, facts)
  const own = truthOf(condition, facts)
  const truth = and([inSet, own])
  const no = { rule, truth, branch: null, actions: [], open: [] }
  if (inSet === false) return { ...no, truth: false }
  if (own === false) {
    return inSet === true
      ? { ...no, branch: rule.else.length > 0 ? 'else' : null, actions: rule.else }
      : { ...no, truth: undefined, open: rule.else }
  }
  const reached: ReadyUse[] = own === undefined ? [...rule.else] : []
  for (const [i, branch] of rule.branches.entries()) {
    const holds = truthOf(branches[i]!, facts)
    if (holds === true && truth === true && reached.length === 0)
      return { ...no, branch: rule.choose ? `choose[${i}]` : 'then', actions: branch.actions }
    if (holds !== false) reached.push(...branch.actions)
    if (holds === true) break
  }
  return { ...no, open: reached }
}

/** The truth of a condition (Kleene): all parts are looked at, whatever the first ones say. */
export function truthOf(condition: Condition, facts: Facts): Truth {
  switch (condition.kind) {
    case 'always':
      return true
    case 'all':
      return and(condition.of.map((part) => truthOf(part, facts)))
    case 'any':
      return or(condition.of.map((part) => truthOf(part, facts)))
    case 'not':
      return not(truthOf(condition.of, facts))
    case 'leaf':
      return leafTruth(condition, facts.scene())
    case 'attachments': {
      const truths = fileTruths(condition.of, facts)
      if (truths === undefined) return undefined
      if (condition.quantifier === 'all') return and(truths)
      return condition.quantifier === 'any' ? or(truths) : not(or(truths))
    }
  }
}

/** One truth per attachment, and an unknown one where the structure may hide another. */
function fileTruths(selector: Selector, facts: Facts): readonly Truth[] | undefined {
  const { attachments, message } = facts.input
  const truths = attachments?.map((attachment) =>
    and(selector.leaves.map((leaf) => leafTruth(leaf, { ...facts.scene(), attachment }))),
  )
  return truths && message.defects.length > 0 ? [...truths, undefined] : truths
}

function leafTruth(leaf: Leaf, scene: Scene): Truth {
  const value = normalise(leaf.field, leaf.field.read(scene, restOf(leaf.field, leaf.name)), scene)
  return and(leaf.tests.map((test) => answerOf(test, leaf)(value, scene)))
}

type Answer = (value: Normalised, scene: Scene) => Truth

/** Tests are made once: patterns take long to compile. */
const answers = new WeakMap<Test, Answer>()

function answerOf(test: Test, { field }: Leaf): Answer {
  const known = answers.get(test) ?? compileTest(test, field)
  answers.set(test, known)
  return known
}
