/** From the typed form of one rule to what is asked and done; most of it is made when it is needed first. */
import type { Reason } from '../domain/index.ts'
import { compileCondition, type Part, type Predicate, type Slots } from './compile.ts'
import { type Interned, ReadyUse } from './evaluate/ready.ts'
import { Whole } from './evaluate/select.ts'
import type { ActionUse, Condition, Rule, RuleSet } from './ir.ts'
import type { TenantLabels } from './labels.ts'
import { LAYERS, type Layer } from './layer.ts'
import { type Access, accessOf, anyOneOf, eachOf } from './match/access.ts'

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
  /** What applies when `when` holds, for a rule of nothing but `then`. */
  readonly whole: Whole | null
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

/** What rules of one policy share. */
export interface Compiler {
  readonly slots: Slots
  readonly labels: TenantLabels
  readonly interned: Interned
  /** Compiled uses: equal ones are mostly read once. */
  readonly uses: Map<ActionUse, ReadyUse>
}

export class RuleCode implements CompiledRule {
  readonly id: string
  readonly mode: Rule['mode']
  readonly layer: Layer
  readonly rank: number
  readonly applies: Predicate
  readonly messageParts: readonly Part[]
  readonly recipientParts: readonly Part[]
  readonly access: Access | null
  readonly contributor: CompiledRule['contributor']
  readonly #rule: Rule
  readonly #set: RuleSet
  readonly #compiler: Compiler
  #when: Predicate | undefined
  #branches: CompiledRule['branches'] | undefined
  #else: readonly ReadyUse[] | undefined
  #whole: Whole | null | undefined
  #reason: Reason | undefined
  #source: Source | undefined

  constructor(rule: Rule, set: RuleSet, applies: Predicate, compiler: Compiler) {
    this.id = rule.id
    this.mode = rule.mode
    this.layer = set.layer
    this.rank = LAYERS.indexOf(set.layer) * 2 + (rule.final ? 0 : 1)
    this.applies = applies
    this.contributor = { id: rule.id, overridable: rule.overridable && !rule.final }
    this.#rule = rule
    this.#set = set
    this.#compiler = compiler
    const { messageParts, recipientParts } = partsOf(
      rule.else.length > 0 ? [set.appliesTo] : [set.appliesTo, rule.when],
      compiler.slots,
    )
    this.messageParts = messageParts
    this.recipientParts = recipientParts
    this.access = accessOfRule(rule, set, compiler)
  }

  get title() {
    return this.#rule.title
  }

  get final() {
    return this.#rule.final
  }

  get overridable() {
    return this.#rule.overridable
  }

  get onUnknown() {
    return this.#rule.onUnknown
  }

  get choose() {
    return this.#rule.choose
  }

  get set() {
    return this.#set.name
  }

  get owner() {
    return this.#set.owner
  }

  /** The index asks the parts; the whole is needed by rules with an `else` alone. */
  get when() {
    this.#when ??= compileCondition(this.#rule.when, this.#compiler.slots)
    return this.#when
  }

  get branches() {
    this.#branches ??= this.#rule.branches.map((branch) => ({
      when: compileCondition(branch.when, this.#compiler.slots),
      actions: branch.actions.map((use) => this.#use(use)),
    }))
    return this.#branches
  }

  get else() {
    this.#else ??= this.#rule.else.map((use) => this.#use(use))
    return this.#else
  }

  get whole(): Whole | null {
    if (this.#whole === undefined) {
      const [branch, ...more] = this.#rule.branches
      const plain =
        branch?.when.kind === 'always' && more.length === 0 && !this.#rule.choose && this.#rule.else.length === 0
      this.#whole = plain ? new Whole(this, this.branches[0]!.actions) : null
    }
    return this.#whole
  }

  get reason() {
    this.#reason ??= { rule: this.id, layer: this.layer, text: this.#rule.title }
    return this.#reason
  }

  get source() {
    const { when, branches } = this.#rule
    const { appliesTo } = this.#set
    this.#source ??= {
      when: appliesTo.kind === 'always' ? when : { kind: 'all', of: [appliesTo, when] },
      applies: appliesTo,
      own: when,
      branches: branches.map((branch) => branch.when),
    }
    return this.#source
  }

  #use(use: ActionUse): ReadyUse {
    const { uses, interned } = this.#compiler
    const known = uses.get(use)
    if (known && known.rank === this.rank) return known
    const ready = new ReadyUse(use, this.rank, interned)
    uses.set(use, ready)
    return ready
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
function partsOf(
  conditions: readonly Condition[],
  slots: Slots,
): Pick<CompiledRule, 'messageParts' | 'recipientParts'> {
  const messageParts: Part[] = []
  const recipientParts: Part[] = []
  for (const one of conditions.flatMap(conjuncts)) {
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
