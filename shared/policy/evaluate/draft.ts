/** One recipient's decision before guarantees and copies. */
import type { Method, Missing, Outcome, PolicyInput, RecipientFacts, Step } from '../../domain/index.ts'
import { Facts, type MessageCache } from '../facts.ts'
import type { Policy } from '../policy.ts'
import type { FileLink } from '../registry/actions/attach.ts'
import { DELIVER, type Gate, joinGates } from '../registry/actions/gate.ts'
import type { Protect } from '../registry/actions/protect.ts'
import { actionsOf } from '../registry/actions.ts'
import { applyIntent, ranked, type Wish } from './intent.ts'
import { mergeRules, type Selector } from './merge.ts'
import { conflictsOf, type Plan, type PlanSlot, slotsByAction } from './plan.ts'
import { chooseMethod, factorPhone, phone } from './protect.ts'
import type { Weighed } from './ready.ts'
import { conflictText, missing, SECOND_FACTOR } from './texts.ts'

export interface Draft {
  readonly facts: Facts
  readonly plan: Plan
  gate: Gate
  readonly method: Method | null
  readonly steps: readonly Step[]
  readonly reasons: Weighed[]
  readonly missing: readonly Missing[]
  readonly simulated: string[]
}

export function gateOf(outcome: Outcome, text: string, approvers: readonly string[] = []): Gate {
  return {
    outcome,
    texts: text === '' ? [] : [text],
    approvers: outcome === 'hold' || outcome === 'quarantine' ? approvers : [],
  }
}

export function draftOf(
  policy: Policy,
  input: PolicyInput,
  recipient: RecipientFacts,
  cache: MessageCache,
  released: ReadonlySet<string>,
  selections: Selector,
): Draft {
  const facts = new Facts(input, recipient, policy.tenantLabels, cache)
  const merged = mergeRules(policy, facts, released, selections)
  const owner = policy.sets[0] ? [policy.sets[0].owner] : []
  const wish = applyIntent(merged.plan, facts)
  for (const { name, rules } of conflictsOf(merged.plan))
    merged.gates.push(gateOf('hold', conflictText(name, rules), owner))
  const choice = choose(policy, merged.plan, facts, wish)
  for (const reason of wish.reasons) merged.reasons.push({ reason, weight: null })
  const lacking = [...merged.missing, ...wish.missing, ...(choice?.missing ?? [])]
  if (choice?.gate) merged.gates.push(gateOf(choice.gate.outcome, choice.gate.text, owner))
  const factor = secondFactor(merged.plan, recipient, wish.sms)
  if (factor !== null) {
    lacking.push(missing(factor.field))
    merged.gates.push(gateOf(factor.outcome, factor.outcome === 'hold' ? SECOND_FACTOR : '', owner))
  }
  return {
    facts,
    plan: merged.plan,
    gate: merged.gates.reduce(joinGates, DELIVER),
    method: choice?.method ?? null,
    steps: stepsOf(policy, merged.plan, facts, choice?.step ?? null, wish.sms),
    reasons: merged.reasons,
    missing: distinct(lacking),
    simulated: merged.simulated,
  }
}

function choose(policy: Policy, plan: ReadonlyMap<string, PlanSlot>, facts: Facts, wish: Wish) {
  const protect = plan.get('protect')?.value as Protect | undefined
  if (!protect) return null
  return chooseMethod(protect, ranked(protect.anyOf, wish.prefer, policy.preference), facts.recipient, wish.sms)
}

/** A link with a second factor for somebody without a phone is held: nothing weaker may take its place. */
function secondFactor(
  plan: Plan,
  recipient: RecipientFacts,
  sms: string | undefined,
): { field: string; outcome: 'hold' | 'defer' } | null {
  const link = plan.get('fileLink')?.value as FileLink | undefined
  if (sms !== undefined || link?.access !== 'portal-2fa' || link.attachments.length === 0) return null
  const answer = phone(recipient)
  if (answer.can === 'yes') return null
  return { field: answer.field, outcome: answer.can === 'unknown' ? 'defer' : 'hold' }
}

/** Steps in the order of the tenant's phases; within a phase in the order of the registry. */
function stepsOf(
  policy: Policy,
  plan: Plan,
  facts: Facts,
  protect: Step | null,
  sms: string | undefined,
): readonly Step[] {
  const scene = facts.scene()
  const slots = slotsByAction(plan)
  const steps: Step[] = []
  for (const phase of policy.order) {
    if (phase === 'protect' && protect) steps.push(protect)
    for (const action of actionsOf(phase, 'recipient')) {
      const own = slots.get(action)
      if (own && action.steps) steps.push(...action.steps(own, scene))
    }
  }
  if (sms === undefined) return steps
  return steps.map((step) =>
    step.do === 'fileLink' ? { ...step, ...factorPhone(step.access, facts.recipient, sms) } : step,
  )
}

function distinct(list: readonly Missing[]): readonly Missing[] {
  if (list.length < 2) return list
  return [...new Map(list.map((one) => [one.field, one])).values()]
}
