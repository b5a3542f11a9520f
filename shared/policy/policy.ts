import type { Method, Phase } from '../domain/index.ts'
import { compileCondition, compileSelector, every, type FilePredicate, type Predicate, Slots } from './compile.ts'
import type { ActionUse, Condition, Exception, Guarantee, Rule, RuleSet, Selector } from './ir.ts'
import type { Label, TenantLabels } from './labels.ts'
import { LAYERS, type Layer } from './layer.ts'
import { byCode } from './text/canonical.ts'

/** A compiled policy: immutable, safe to share. Equal content has an equal `revision`, whatever the order of rules or files. */
export interface Policy {
  /** SHA-256 over the canonical form of all rule sets, hex. */
  readonly revision: string
  /** Data classes, lowest first. */
  readonly labels: readonly Label[]
  readonly tenantLabels: TenantLabels
  readonly preference: readonly Method[]
  readonly order: readonly Phase[]
  /** Sets, highest layer first. */
  readonly sets: readonly {
    readonly name: string
    readonly layer: Layer
    readonly owner: string
    readonly file: string
  }[]
  /** The typed form the policy was compiled from, highest layer first: what analysis and diff read. */
  readonly ruleSets: readonly RuleSet[]
  readonly rules: readonly CompiledRule[]
  readonly exceptions: readonly CompiledException[]
  readonly guarantees: readonly CompiledGuarantee[]
  /** The compiled form of an attachment selector. */
  selector(selector: Selector): FilePredicate
}

export interface CompiledRule
  extends Pick<Rule, 'id' | 'title' | 'mode' | 'final' | 'overridable' | 'onUnknown' | 'choose'> {
  readonly layer: Layer
  readonly set: string
  readonly owner: string
  /** Who decides a single-valued slot: the lowest rank. Layers first, so that a lower layer's `final` never beats a higher layer. */
  readonly rank: number
  /** The set's selector: outside it not even `else` applies. */
  readonly applies: Predicate
  readonly when: Predicate
  readonly branches: readonly { readonly when: Predicate; readonly actions: readonly ActionUse[] }[]
  readonly else: readonly ActionUse[]
  /** For explain. */
  readonly source: { readonly when: Condition; readonly branches: readonly Condition[] }
}

export interface CompiledException {
  readonly exception: Exception
  readonly layer: Layer
  readonly when: Predicate
}

export interface CompiledGuarantee {
  readonly guarantee: Guarantee
  readonly owner: string
  readonly mode: RuleSet['mode']
  readonly when: Predicate
}

/** Compiles linked rule sets. */
export function compilePolicy(
  sets: readonly RuleSet[],
  settings: Pick<Policy, 'revision' | 'tenantLabels' | 'preference' | 'order'>,
): Policy {
  const slots = new Slots()
  const sorted = [...sets].sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer) || byCode(a.name, b.name))
  const selectors = new WeakMap<Selector, FilePredicate>()
  const applies = new Map(sorted.map((set) => [set, compileCondition(set.appliesTo, slots)] as const))
  const within = (set: RuleSet, condition: Condition) => every([applies.get(set)!, compileCondition(condition, slots)])
  return {
    ...settings,
    labels: settings.tenantLabels.list,
    sets: sorted.map(({ name, layer, owner, file }) => ({ name, layer, owner, file })),
    ruleSets: sorted,
    rules: sorted.flatMap((set) =>
      [...set.rules]
        .sort((a, b) => byCode(a.id, b.id))
        .filter((rule) => rule.mode !== 'disabled')
        .map((rule) => compileRule(rule, set, applies.get(set)!, slots)),
    ),
    exceptions: sorted.flatMap((set) =>
      set.mode === 'enforce'
        ? set.exceptions.map((exception) => ({ exception, layer: set.layer, when: within(set, exception.when) }))
        : [],
    ),
    guarantees: sorted.flatMap((set) =>
      set.mode === 'disabled'
        ? []
        : set.guarantees.map((guarantee) => ({
            guarantee,
            owner: set.owner,
            mode: set.mode,
            when: within(set, guarantee.when),
          })),
    ),
    selector(selector) {
      let compiled = selectors.get(selector)
      if (!compiled) {
        compiled = compileSelector(selector, slots)
        selectors.set(selector, compiled)
      }
      return compiled
    },
  }
}

function compileRule(rule: Rule, set: RuleSet, applies: Predicate, slots: Slots): CompiledRule {
  const { id, title, mode, final, overridable, onUnknown, choose } = rule
  const own: Condition = set.appliesTo.kind === 'always' ? rule.when : { kind: 'all', of: [set.appliesTo, rule.when] }
  return {
    id,
    title,
    mode,
    final,
    overridable,
    onUnknown,
    choose,
    layer: set.layer,
    set: set.name,
    owner: set.owner,
    rank: LAYERS.indexOf(set.layer) * 2 + (final ? 0 : 1),
    applies,
    when: compileCondition(rule.when, slots),
    branches: rule.branches.map((branch) => ({ when: compileCondition(branch.when, slots), actions: branch.actions })),
    else: rule.else,
    source: { when: own, branches: rule.branches.map((branch) => branch.when) },
  }
}
