import type { Decision, Method, Missing, Outcome, PolicyInput, Reason, Step } from '../../domain/index.ts'
import type { Text } from '../diagnostic.ts'
import { deciding } from '../evaluate/decide.ts'
import { select } from '../evaluate/select.ts'
import { Facts, messageCache } from '../facts.ts'
import type { Condition } from '../ir.ts'
import type { Layer } from '../layer.ts'
import type { CompiledRule, Policy } from '../policy.ts'
import { completed, type Steps } from '../steps.ts'
import { type Flip, searchingFlip } from './flip.ts'
import { type LeafTrace, type TruthName, trace } from './trace.ts'

export interface RuleTrace {
  readonly rule: string
  readonly set: string
  readonly layer: Layer
  readonly title: Text
  readonly mode: 'enforce' | 'simulate' | 'disabled'
  /** Truth of the rule's condition. */
  readonly value: TruthName
  /** `then`, `else`, `choose[1]`; null when no branch applies. */
  readonly branch: string | null
  readonly actions: readonly string[]
  readonly leaves: readonly LeafTrace[]
}

export interface RecipientExplanation {
  readonly address: string
  readonly outcome: Outcome
  readonly method: Method | null
  readonly text?: string
  readonly steps: readonly Step[]
  readonly reasons: readonly Reason[]
  readonly missing: readonly Missing[]
  /** Rules whose actions apply, or that are open because a fact is unknown. */
  readonly fired: readonly RuleTrace[]
  /** Rules that one single leaf kept from firing. */
  readonly nearly: readonly (RuleTrace & { readonly failed: LeafTrace })[]
  /** One fact that would give another outcome, found by deciding again; null when none was found, or no more are searched for a mail to so many. */
  readonly flip: Flip | null
  /** How many other rules did not match. */
  readonly others: number
}

export interface Explanation {
  readonly decisionId: string
  readonly revision: string
  readonly recipients: readonly RecipientExplanation[]
  readonly decision: Decision
}

/** Decisions that all searches of one explanation make at most, so that a mail to many does not cost minutes. */
const TRIES = 4_000
/** Rules that are traced in one step. */
const RULES_A_STEP = 50

/** Decides again and keeps, per recipient, what every leaf of the rules that count saw. */
export function explain(policy: Policy, input: PolicyInput): Explanation {
  return completed(explaining(policy, input))
}

/** The same in steps: thousands of rules and hundreds of recipients take seconds. */
export function* explaining(policy: Policy, input: PolicyInput): Steps<Explanation> {
  const decision = yield* deciding(policy, input)
  const cache = messageCache(policy.lists)
  const tries = { left: TRIES }
  const recipients: RecipientExplanation[] = []
  for (const [index, recipient] of input.recipients.entries()) {
    const decided = decision.recipients[index]!
    const facts = new Facts(input, recipient, policy.tenantLabels, cache)
    const fired: RuleTrace[] = []
    const nearly: RecipientExplanation['nearly'][number][] = []
    for (const [at, rule] of policy.rules.entries()) {
      if (at % RULES_A_STEP === 0) yield
      const traced = traceRule(policy, rule, facts)
      if (traced.branch !== null || traced.value === 'unknown') fired.push(traced)
      nearly.push(...nearMiss(policy, rule, traced, facts))
    }
    recipients.push({
      address: decided.address,
      outcome: decided.outcome,
      method: decided.method,
      ...(decided.text === undefined ? {} : { text: decided.text }),
      steps: decided.steps,
      reasons: decided.reasons,
      missing: decided.missing,
      fired,
      nearly,
      flip: yield* searchingFlip(policy, input, index, conditionsOf(policy, nearly, fired), tries),
      others: policy.rules.length - fired.length - nearly.length,
    })
  }
  return { decisionId: decision.decisionId, revision: decision.revision, recipients, decision }
}

/** Conditions of rules that nearly fired, then of those that did, then of guarantees. */
function conditionsOf(policy: Policy, ...traces: readonly (readonly RuleTrace[])[]): readonly Condition[] {
  const rules = new Map(policy.rules.map((rule) => [rule.id, rule.source]))
  const ofRules = traces.flat().flatMap(({ rule }) => {
    const source = rules.get(rule)
    return source ? [source.when, ...source.branches] : []
  })
  return [...ofRules, ...policy.guarantees.map(({ guarantee }) => guarantee.when)]
}

function traceRule(policy: Policy, rule: CompiledRule, facts: Facts): RuleTrace {
  const { truth, leaves } = trace(policy, rule.source.when, facts)
  const selection = select(rule, facts)
  const chosen = selection.branch?.startsWith('choose') ? Number(/\d+/.exec(selection.branch)?.[0]) : -1
  const tried = rule.source.branches.slice(0, chosen + 1)
  const branchLeaves = tried.flatMap((condition, i) => trace(policy, condition, facts, `choose[${i}]`).leaves)
  return {
    rule: rule.id,
    set: rule.set,
    layer: rule.layer,
    title: rule.title,
    mode: rule.mode,
    value: truth === undefined || (truth && selection.open.length > 0) ? 'unknown' : truth ? 'true' : 'false',
    branch: selection.branch,
    actions: (selection.open.length > 0 ? selection.open : selection.actions).map((use) => use.definition.name),
    leaves: [...leaves, ...branchLeaves],
  }
}

/** The rule with the one false leaf that kept it from firing; nothing when there is none or more than one. */
function nearMiss(
  policy: Policy,
  rule: CompiledRule,
  traced: RuleTrace,
  facts: Facts,
): (RuleTrace & { failed: LeafTrace })[] {
  if (traced.value !== 'false' || traced.branch !== null) return []
  const deciding = traced.leaves.filter(
    (leaf) => leaf.value === 'false' && trace(policy, rule.source.when, facts, '', leaf.path).truth === true,
  )
  return deciding.length > 0 ? [{ ...traced, failed: deciding[0]! }] : []
}
