/** All rules that match one recipient, joined. */
import type { Missing } from '../../domain/index.ts'
import type { Selection } from '../compiled-rule.ts'
import { type Facts, type Normalised, normalise } from '../facts.ts'
import type { Condition, Selector as FileSelector } from '../ir.ts'
import { candidatesOf } from '../match/matching.ts'
import { leavesOf } from '../parse/condition.ts'
import type { CompiledRule, Policy } from '../policy.ts'
import type { ActionScene } from '../registry/action.ts'
import { DELIVER, type Gate, joinGates } from '../registry/actions/gate.ts'
import { restOf } from '../registry/conditions.ts'
import { byCode } from '../text/canonical.ts'
import { Joining, type PlanSlot } from './plan.ts'
import type { ReadyUse, Weighed } from './ready.ts'
import { exemptions, selectFound, withoutExempt } from './select.ts'
import { missing } from './texts.ts'

export interface Merged {
  readonly plan: Map<string, PlanSlot>
  /** Gates from rules, from unknown facts and so on; joined at the end. */
  readonly gates: Gate[]
  readonly reasons: Weighed[]
  readonly missing: Missing[]
  readonly simulated: string[]
}

/** Which rules have an effect on a recipient. The index finds them; tests put slower, plainer ways in its place. */
export type Selector = (policy: Policy, facts: Facts) => readonly Selection[]

export const selectByIndex: Selector = (policy, facts) =>
  candidatesOf(policy, facts).map((found) => selectFound(found, facts))

/** `released`: rules whose hold somebody has lifted for this recipient; every other gate stands. */
export function mergeRules(policy: Policy, facts: Facts, released: ReadonlySet<string>, selections: Selector): Merged {
  const gathering = new Gathering(policy, facts, released)
  const exempt = exemptions(policy, facts)
  for (const selection of selections(policy, facts)) {
    if (exempt.size === 0 && gathering.settle(selection)) continue
    const { rule } = selection
    const actions = withoutExempt(selection.actions, rule.id, exempt)
    const open = withoutExempt(selection.open, rule.id, exempt)
    if (selection.actions.length > actions.length)
      reportExceptions(policy, rule, exempt.get(rule.id)?.exceptions ?? [], gathering.merged)
    if (rule.mode !== 'simulate') gathering.apply(rule, actions, open)
    else if (actions.length > 0) gathering.merged.simulated.push(rule.id)
  }
  return gathering.done()
}

/** Contributions of rules to one recipient's plan, joined as they come; who made them is put in order once. */
class Gathering {
  readonly merged: Merged = { plan: new Map(), gates: [], reasons: [], missing: [], simulated: [] }
  readonly #policy: Policy
  readonly #facts: Facts
  readonly #released: ReadonlySet<string>
  readonly #plan = new Joining()
  readonly #scenes: ActionScene[] = []

  constructor(policy: Policy, facts: Facts, released: ReadonlySet<string>) {
    this.#policy = policy
    this.#facts = facts
    this.#released = released
  }

  /** Adds what a rule brings to every mail it applies to, which most do; false where there is more to ask. */
  settle(selection: Selection): boolean {
    const { ready } = selection
    if (!ready || this.#released.size > 0) return false
    const { contributions, gate, weighed, contributor } = ready
    for (let i = 0; i < contributions.length; i++) this.#plan.add(contributions[i]!, contributor)
    if (gate !== DELIVER) this.merged.gates.push(gate)
    this.merged.reasons.push(weighed)
    return true
  }

  /** Actions that apply, and those that would if unknown facts were known. */
  apply(rule: CompiledRule, uses: readonly ReadyUse[], unsure: readonly ReadyUse[]): void {
    const { merged } = this
    let open = unsure.length > 0 && unsure.some((use) => use.definition.restrictive)
    let restrictive = false
    let gate = DELIVER
    for (const use of uses) {
      const { definition } = use
      restrictive ||= definition.restrictive
      if (definition.name === 'hold' && this.#released.has(rule.id)) continue
      const contributions = use.contributeOnce(this.#scene(rule.rank), this.#facts.shared)
      if (contributions === undefined) {
        open ||= definition.restrictive
        continue
      }
      for (const one of contributions) {
        if (definition.phase === 'gate') gate = joinGates(gate, one.value as Gate)
        else this.#plan.add(one, rule.contributor)
      }
    }
    if (unsure.length > 0 || open) reportUnknown(rule, this.#facts, merged)
    const { onUnknown } = rule
    if (open && onUnknown !== 'skip' && !(onUnknown === 'hold' && this.#released.has(rule.id)))
      gate = joinGates(gate, { outcome: onUnknown, texts: [], approvers: onUnknown === 'hold' ? [rule.owner] : [] })
    if (gate !== DELIVER) merged.gates.push(gate)
    if (uses.length > 0 || open)
      merged.reasons.push({ reason: rule.reason, weight: open || restrictive ? gate.outcome : null, order: rule.order })
  }

  done(): Merged {
    return { ...this.merged, plan: this.#plan.plan() }
  }

  #scene(rank: number): ActionScene {
    const scene = this.#scenes[rank] ?? actionScene(this.#policy, this.#facts, rank)
    this.#scenes[rank] = scene
    return scene
  }
}

/** What actions may look at; `select` counts an unknown test as picked, which moves a file rather than leave it. */
export function actionScene(policy: Policy, facts: Facts, rank: number): ActionScene {
  return {
    ...facts.scene(),
    rank,
    select(selector) {
      const files = facts.input.attachments
      if (files === undefined) return undefined
      const picks = policy.selector(selector as FileSelector)
      const { picked } = facts.shared
      let known = picked.get(picks)
      if (!known) {
        known = files
          .flatMap((file, position) => (picks(facts, position) === false ? [] : [file.index]))
          .sort((a, b) => a - b)
        picked.set(picks, known)
      }
      return known
    },
  }
}

function reportExceptions(policy: Policy, rule: CompiledRule, ids: readonly string[], merged: Merged): void {
  for (const { exception, layer } of policy.exceptions) {
    if (exception.rule === rule.id && ids.includes(exception.id))
      merged.reasons.push({ reason: { rule: exception.id, layer, text: exception.reason }, weight: null })
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
