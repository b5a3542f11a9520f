import type { Method, Phase, Reason } from '../domain/index.ts'
import {
  compileCondition,
  compileSelector,
  every,
  type FilePredicate,
  type Part,
  type Predicate,
  Slots,
} from './compile.ts'
import { type Interned, ReadyUse } from './evaluate/ready.ts'
import type { Condition, Exception, Guarantee, Rule, RuleSet, Selector } from './ir.ts'
import type { Label, TenantLabels } from './labels.ts'
import { LAYERS, type Layer } from './layer.ts'
import { type ListCopies, type ListSource, NO_LISTS } from './live-lists.ts'
import { type Access, accessOf, anyOneOf, eachOf } from './match/access.ts'
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
  /** Lists from outside that its rules ask about, by `set/list`. */
  readonly sources: ReadonlyMap<string, ListSource>
  /** Copies of them; `withLists` gives a policy others. */
  readonly lists: ListCopies
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
  readonly branches: readonly { readonly when: Predicate; readonly actions: readonly ReadyUse[] }[]
  readonly else: readonly ReadyUse[]
  /** Keys by which the index of rules reaches it; null when it has none. */
  readonly access: Access | null
  /** Joined by `all`, the same for every recipient. With an `else` only of the set's selector, else also of `when`. */
  readonly messageParts: readonly Part[]
  /** What remains to be asked per recipient, joined by `all`. Equal parts of rules are mostly one and the same. */
  readonly recipientParts: readonly Part[]
  /** For the decision. */
  readonly reason: Reason
  /** It alone, as one who contributes to a plan. */
  readonly contributor: { readonly id: string; readonly overridable: boolean }
  /** For explain. */
  readonly source: Source
}

/** The conditions as typed. `when` is joined with the set's selector, `own` is the rule's alone. */
export interface Source {
  readonly when: Condition
  readonly applies: Condition
  readonly own: Condition
  readonly branches: readonly Condition[]
}

export interface CompiledException {
  readonly exception: Exception
  readonly layer: Layer
  /** The set's selector, which is part of `when`. */
  readonly set: Condition
  readonly when: Predicate
}

export interface CompiledGuarantee {
  readonly guarantee: Guarantee
  readonly owner: string
  readonly mode: RuleSet['mode']
  /** The set's selector, which is part of `when`. */
  readonly set: Condition
  readonly when: Predicate
}

/** The same policy with these copies of its lists from outside: costs nothing, all else is shared. */
export function withLists(policy: Policy, lists: ListCopies): Policy {
  return { ...policy, lists }
}

interface Compiler {
  readonly slots: Slots
  readonly labels: TenantLabels
  readonly interned: Interned
}

/** Compiles linked rule sets. */
export function compilePolicy(
  sets: readonly RuleSet[],
  settings: Pick<Policy, 'revision' | 'tenantLabels' | 'preference' | 'order'>,
): Policy {
  const slots = new Slots()
  const compiler: Compiler = { slots, labels: settings.tenantLabels, interned: new Map() }
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
        .map((rule) => compileRule(rule, set, applies.get(set)!, compiler)),
    ),
    exceptions: sorted.flatMap((set) =>
      set.mode === 'enforce'
        ? set.exceptions.map((exception) => ({
            exception,
            layer: set.layer,
            set: set.appliesTo,
            when: within(set, exception.when),
          }))
        : [],
    ),
    guarantees: sorted.flatMap((set) =>
      set.mode === 'disabled'
        ? []
        : set.guarantees.map((guarantee) => ({
            guarantee,
            owner: set.owner,
            mode: set.mode,
            set: set.appliesTo,
            when: within(set, guarantee.when),
          })),
    ),
    sources: new Map(
      sorted.flatMap(({ name, lists }) =>
        [...lists].flatMap(([list, { source }]) => (source ? [[`${name}/${list}`, source] as const] : [])),
      ),
    ),
    lists: NO_LISTS,
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

function compileRule(rule: Rule, set: RuleSet, applies: Predicate, compiler: Compiler): CompiledRule {
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
    // The index asks the parts; the whole is needed by rules with an `else` alone.
    when: onFirstUse(() => compileCondition(rule.when, compiler.slots)),
    branches: rule.branches.map((branch) => ({
      when: compileCondition(branch.when, compiler.slots),
      actions: branch.actions.map((use) => new ReadyUse(use, compiler.interned)),
    })),
    else: rule.else.map((use) => new ReadyUse(use, compiler.interned)),
    ...partsOf(rule.else.length > 0 ? set.appliesTo : own, compiler.slots),
    access: accessOfRule(rule, set, compiler),
    reason: { rule: id, layer: set.layer, text: title },
    contributor: { id, overridable: overridable && !final },
    source: {
      when: own,
      applies: set.appliesTo,
      own: rule.when,
      branches: rule.branches.map((branch) => branch.when),
    },
  }
}

function onFirstUse(make: () => Predicate): Predicate {
  let made: Predicate | undefined
  return (facts) => {
    made ??= make()
    return made(facts)
  }
}

/** What must not be false for the rule to have any effect, by keys: outside the set's selector none, without `else` neither outside `when` and every branch. */
function accessOfRule(rule: Rule, set: RuleSet, { slots, labels }: Compiler): Access | null {
  const access = (condition: Condition) => accessOf(condition, (leaf) => slots.of(leaf.field, leaf.name), labels)
  const applies = access(set.appliesTo)
  if (rule.else.length > 0) return applies
  return anyOneOf([applies, access(rule.when), eachOf(rule.branches.map((branch) => access(branch.when)))])
}

/** Splits a conjunction into what can be asked once per message and what must be asked per recipient; cheap parts first. */
function partsOf(condition: Condition, slots: Slots): Pick<CompiledRule, 'messageParts' | 'recipientParts'> {
  const messageParts: Part[] = []
  const recipientParts: Part[] = []
  for (const one of conjuncts(condition)) {
    const part = slots.part(one)
    if (part.recipientSlots.length > 0) recipientParts.push(part)
    else messageParts.push(part)
  }
  return { messageParts: messageParts.sort(byCost), recipientParts: recipientParts.sort(byCost) }
}

const byCost = (a: Part, b: Part) => a.cost - b.cost

function conjuncts(condition: Condition): readonly Condition[] {
  if (condition.kind === 'always') return []
  return condition.kind === 'all' ? condition.of.flatMap(conjuncts) : [condition]
}
