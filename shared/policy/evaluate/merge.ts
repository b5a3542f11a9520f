/** All rules that match one recipient, joined. */
import type { Missing, Outcome, Reason } from '../../domain/index.ts'
import { type Facts, type Normalised, normalise } from '../facts.ts'
import type { Condition, Selector } from '../ir.ts'
import { leavesOf } from '../parse/condition.ts'
import type { CompiledRule, Policy } from '../policy.ts'
import type { ActionScene } from '../registry/action.ts'
import { DELIVER, type Gate, joinGates } from '../registry/actions/gate.ts'
import { restOf } from '../registry/conditions.ts'
import { byCode } from '../text/canonical.ts'
import { contribute, type PlanSlot } from './plan.ts'
import { exemptions, type Selection, select, withoutExempt } from './select.ts'
import { missing } from './texts.ts'

export interface Merged {
  readonly plan: Map<string, PlanSlot>
  /** Gates from rules, from unknown facts and so on; joined at the end. */
  readonly gates: Gate[]
  readonly reasons: Reason[]
  readonly missing: Missing[]
  readonly simulated: string[]
  /** By rule: the strictest outcome it asked for; `deliver` when it only changes how. Rules not in here only add. */
  readonly weights: Map<string, Outcome>
}

/** `released`: rules whose hold somebody has lifted for this recipient; every other gate stands. */
export function mergeRules(policy: Policy, facts: Facts, released: ReadonlySet<string>): Merged {
  const merged: Merged = { plan: new Map(), gates: [], reasons: [], missing: [], simulated: [], weights: new Map() }
  const exempt = exemptions(policy, facts)
  for (const rule of policy.rules) {
    const selection = select(rule, facts)
    const actions = withoutExempt(selection.actions, rule.id, exempt)
    const open = withoutExempt(selection.open, rule.id, exempt)
    const narrowed: Selection = { ...selection, actions, open }
    if (selection.actions.length > actions.length)
      reportExceptions(policy, rule, exempt.get(rule.id)?.exceptions ?? [], merged)
    if (rule.mode === 'simulate') {
      if (actions.length > 0) merged.simulated.push(rule.id)
      continue
    }
    applyRule(policy, narrowed, facts, released, merged)
  }
  return merged
}

function applyRule(
  policy: Policy,
  selection: Selection,
  facts: Facts,
  released: ReadonlySet<string>,
  merged: Merged,
): void {
  const { rule } = selection
  const first = merged.gates.length
  let open = selection.open.some((use) => use.definition.restrictive)
  const scene = actionScene(policy, facts, rule.rank)
  for (const { definition, params } of selection.actions) {
    if (definition.name === 'hold' && released.has(rule.id)) continue
    const contributions = definition.contribute(params, scene)
    if (contributions === undefined) {
      open ||= definition.restrictive
      continue
    }
    for (const { slot, value } of contributions) {
      if (definition.phase === 'gate') merged.gates.push(value as Gate)
      else
        contribute(merged.plan, {
          action: definition,
          slot,
          value,
          by: [{ id: rule.id, overridable: rule.overridable && !rule.final }],
        })
    }
  }
  if (selection.open.length > 0 || open) reportUnknown(rule, facts, merged)
  if (open && rule.onUnknown !== 'skip' && !(rule.onUnknown === 'hold' && released.has(rule.id))) {
    merged.gates.push({ outcome: rule.onUnknown, texts: [], approvers: rule.onUnknown === 'hold' ? [rule.owner] : [] })
  }
  const gate = merged.gates.slice(first).reduce(joinGates, DELIVER)
  if (open || selection.actions.some((use) => use.definition.restrictive)) merged.weights.set(rule.id, gate.outcome)
  if (selection.actions.length > 0 || open) merged.reasons.push({ rule: rule.id, layer: rule.layer, text: rule.title })
}

/** What actions may look at; `select` counts an unknown test as picked, which moves a file rather than leave it. */
export function actionScene(policy: Policy, facts: Facts, rank: number): ActionScene {
  return {
    ...facts.scene(),
    rank,
    select(selector) {
      const files = facts.input.attachments
      if (files === undefined) return undefined
      const picks = policy.selector(selector as Selector)
      return files
        .flatMap((file, position) => (picks(facts, position) === false ? [] : [file.index]))
        .sort((a, b) => a - b)
    },
  }
}

function reportExceptions(policy: Policy, rule: CompiledRule, ids: readonly string[], merged: Merged): void {
  for (const { exception, layer } of policy.exceptions) {
    if (exception.rule === rule.id && ids.includes(exception.id))
      merged.reasons.push({ rule: exception.id, layer, text: exception.reason })
  }
}

/** Names the facts whose absence left a rule open. */
function reportUnknown(rule: CompiledRule, facts: Facts, merged: Merged): void {
  for (const field of unknownFields([rule.source.when, ...rule.source.branches], facts)) {
    if (!merged.missing.some((known) => known.field === field)) merged.missing.push(missing(field))
  }
}

/** Fields of conditions whose facts are unknown, sorted. */
export function unknownFields(conditions: readonly Condition[], facts: Facts): readonly string[] {
  const unknown = new Set<string>()
  for (const leaf of conditions.flatMap(leavesOf)) {
    if (leaf.kind === 'attachments') {
      if (facts.input.attachments === undefined) unknown.add('attachments')
      continue
    }
    const value: Normalised = normalise(leaf.field, leaf.field.read(facts, restOf(leaf.field, leaf.name)), facts)
    if (value === undefined || leaf.field.atLeast?.(facts)) unknown.add(leaf.name)
  }
  return [...unknown].sort(byCode)
}
