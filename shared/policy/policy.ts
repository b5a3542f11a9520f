import type { Method, Phase } from '../domain/index.ts'
import { compileCondition, every, type FilePredicate, type Predicate, Slots } from './compile.ts'
import { type CompiledRule, type Compiler, RuleCode } from './compiled-rule.ts'
import type { Condition, Exception, Guarantee, RuleSet, Selector } from './ir.ts'
import type { Label, TenantLabels } from './labels.ts'
import { LAYERS, type Layer } from './layer.ts'
import { type ListCopies, type ListSource, NO_LISTS } from './list-source.ts'
import type { Steps } from './steps.ts'
import { byCode, type Sha256 } from './text/canonical.ts'

export type { CompiledRule } from './compiled-rule.ts'

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
  /** For the ids of decisions; ours where there is none. */
  readonly sha256?: Sha256
  /** Lists from outside that its rules ask about, by `set/list`. */
  readonly sources: ReadonlyMap<string, ListSource>
  /** Copies of them; `withLists` gives a policy others. */
  readonly lists: ListCopies
  /** The compiled form of an attachment selector. */
  selector(selector: Selector): FilePredicate
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

/** Rules that are compiled between stops. */
const STEP = 64

/** Compiles linked rule sets, stopping now and then. */
export function* compilingPolicy(
  sets: readonly RuleSet[],
  {
    distinct,
    ...settings
  }: Pick<Policy, 'revision' | 'tenantLabels' | 'preference' | 'order' | 'sha256'> & {
    /** Conditions that mean the same are mostly one object. */
    readonly distinct?: boolean
  },
): Steps<Policy> {
  const slots = new Slots(distinct)
  const compiler: Compiler = {
    slots,
    labels: settings.tenantLabels,
    interned: new Map(),
    accesses: distinct ? new Map() : null,
    looks: { recipientSlots: new Set(), keys: [] },
    uses: new Map(),
  }
  const sorted = [...sets].sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer) || byCode(a.name, b.name))
  const selectors = new WeakMap<Selector, FilePredicate>()
  const applies = new Map(sorted.map((set) => [set, compileCondition(set.appliesTo, slots)] as const))
  const within = (set: RuleSet, condition: Condition) => every([applies.get(set)!, compileCondition(condition, slots)])
  const rules: RuleCode[] = []
  for (const set of sorted) {
    for (const rule of set.rules.toSorted((a, b) => byCode(a.id, b.id))) {
      if (rule.mode === 'disabled') continue
      const count = rules.push(new RuleCode(rule, set, applies.get(set)!, compiler))
      if (count % STEP === 0) yield
    }
  }
  for (const [order, rule] of rules.toSorted((a, b) => byCode(a.id, b.id)).entries()) rule.order = order
  return {
    ...settings,
    labels: settings.tenantLabels.list,
    sets: sorted.map(({ name, layer, owner, file }) => ({ name, layer, owner, file })),
    ruleSets: sorted,
    rules,
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
        compiled = slots.selector(selector)
        selectors.set(selector, compiled)
      }
      return compiled
    },
  }
}
