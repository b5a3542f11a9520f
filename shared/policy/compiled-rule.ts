/** From the typed form of one rule to what is asked and done; most of it is made when it is needed first. */
import type { Reason } from '../domain/index.ts'
import { compileCondition, type Part, type Predicate, type Slots } from './compile.ts'
import type { Contributor } from './evaluate/plan.ts'
import { type Brought, type Interned, ReadyUse, Whole } from './evaluate/ready.ts'
import type { Slot } from './facts.ts'
import type { ActionUse, Condition, Rule, RuleSet } from './ir.ts'
import type { TenantLabels } from './labels.ts'
import { LAYERS, type Layer } from './layer.ts'
import { type Access, accessOf, anyOneOf, eachOf, type Keys } from './match/access.ts'
import type { Truth } from './truth.ts'

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
  /** For a rule of nothing but `then`. */
  readonly whole: Whole | null
  /** What applies of such a rule where its condition holds. */
  readonly settled: Selection | null
  /** Keys by which the index of rules reaches it; null when it has none. */
  readonly access: Access | null
  /** Joined by `all`, the same for every recipient. With an `else` only of the set's selector, else also of `when`. */
  readonly messageParts: readonly Part[]
  /** What remains to be asked per recipient, joined by `all`. Equal parts of rules are mostly one and the same. */
  readonly recipientParts: readonly Part[]
  /** What conditions of its policy look at: one object for all of its rules. */
  readonly looks: Looks
  /** For the decision. */
  readonly reason: Reason
  /** Place of its id among those of its policy, in their order. */
  readonly order: number
  /** It alone, as one who contributes to a plan. */
  readonly contributor: Contributor
  /** For explain. */
  readonly source: Source
}

/** Which actions of a rule apply to one recipient, and what is left open because a fact is unknown. */
export interface Selection {
  readonly rule: CompiledRule
  /** Truth of the set's selector and the rule's condition; unknown too where only `else` is in doubt. */
  readonly truth: Truth
  /** `then`, `else`, `choose[1]`; null when nothing applies. */
  readonly branch: string | null
  readonly actions: readonly ReadyUse[]
  /** Actions of branches that could be reached if unknown facts were known; empty when nothing is open. */
  readonly open: readonly ReadyUse[]
  /** What the actions bring to every mail, where that is the same for all and counts. */
  readonly ready?: (Brought & Pick<CompiledRule, 'contributor'>) | null
}

/** The conditions as typed. `when` is joined with the set's selector, `own` is the rule's alone. */
export interface Source {
  readonly when: Condition
  readonly applies: Condition
  readonly own: Condition
  readonly branches: readonly Condition[]
}

/** What conditions look at. */
export interface Looks {
  /** Fields of recipients. */
  readonly recipientSlots: ReadonlySet<Slot>
  /** Keys that stand in `access` of rules, each once. */
  readonly keys: readonly Keys[]
}

/** What rules of one policy share. */
export interface Compiler {
  readonly slots: Slots
  readonly labels: TenantLabels
  readonly interned: Interned
  /** Of conditions; null where hardly any stands in several rules. */
  readonly accesses: Map<Condition, Access | null> | null
  readonly looks: { readonly recipientSlots: Set<Slot>; readonly keys: Keys[] }
  /** Compiled uses: equal ones are mostly read once. */
  readonly uses: Map<ActionUse, ReadyUse>
}

export class RuleCode implements CompiledRule {
  readonly id: string
  readonly mode: Rule['mode']
  readonly layer: Layer
  readonly rank: number
  readonly applies: Predicate
  readonly access: Access | null
  readonly looks: Looks
  /** Known once all rules are. */
  order = 0
  readonly #rule: Rule
  readonly #set: RuleSet
  readonly #compiler: Compiler
  #parts: Pick<CompiledRule, 'messageParts' | 'recipientParts'> | undefined
  #when: Predicate | undefined
  #branches: CompiledRule['branches'] | undefined
  #else: readonly ReadyUse[] | undefined
  #whole: Whole | null | undefined
  #settled: Selection | null | undefined
  #reason: Reason | undefined
  #contributor: CompiledRule['contributor'] | undefined
  #source: Source | undefined

  constructor(rule: Rule, set: RuleSet, applies: Predicate, compiler: Compiler) {
    this.id = rule.id
    this.mode = rule.mode
    this.layer = set.layer
    this.rank = LAYERS.indexOf(set.layer) * 2 + (rule.final ? 0 : 1)
    this.applies = applies
    this.#rule = rule
    this.#set = set
    this.#compiler = compiler
    this.access = accessOfRule(rule, this.#conditions(), compiler)
    this.looks = compiler.looks
  }

  get messageParts() {
    return this.#split().messageParts
  }

  get recipientParts() {
    return this.#split().recipientParts
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
      this.#whole = plain ? new Whole(this.reason, this.branches[0]!.actions, this.order) : null
    }
    return this.#whole
  }

  get settled(): Selection | null {
    if (this.#settled === undefined) {
      const { whole, contributor } = this
      const brought = this.mode === 'simulate' ? null : whole?.brought()
      const ready = brought ? { ...brought, contributor } : null
      this.#settled = whole && { rule: this, truth: true, branch: 'then', actions: whole.actions, open: [], ready }
    }
    return this.#settled
  }

  get reason() {
    this.#reason ??= { rule: this.id, layer: this.layer, text: this.#rule.title }
    return this.#reason
  }

  get contributor() {
    const { id, overridable, final, order } = this
    this.#contributor ??= { id, overridable: overridable && !final, order }
    return this.#contributor
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

  /** With an `else` the rule has an effect wherever its set applies. */
  #conditions(): readonly Condition[] {
    const { when, else: otherwise } = this.#rule
    // Most rules are one flat conjunction.
    if (otherwise.length === 0 && this.#set.appliesTo.kind === 'always' && when.kind === 'all' && when.of.every(isOne))
      return when.of
    const conditions: Condition[] = []
    collect(this.#set.appliesTo, conditions)
    if (otherwise.length === 0) collect(when, conditions)
    return conditions
  }

  #split(): Pick<CompiledRule, 'messageParts' | 'recipientParts'> {
    this.#parts ??= partsOf(this.#conditions(), this.#compiler.slots)
    return this.#parts
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
function accessOfRule(rule: Rule, conditions: readonly Condition[], compiler: Compiler): Access | null {
  const found = anyOneOf(conditions.map((condition) => accessTo(condition, compiler)))
  if (rule.else.length > 0 || rule.branches.some(({ when }) => when.kind === 'always')) return found
  return anyOneOf([found, eachOf(rule.branches.map(({ when }) => accessIn(when, compiler)))])
}

function accessIn(condition: Condition, compiler: Compiler): Access | null {
  const access = accessOf(condition, compiler)
  if (access) collectKeys(access, compiler.looks.keys)
  return access
}

function collectKeys(access: Access, keys: Keys[]): void {
  if (access.of === 'keys') keys.push(access)
  else for (const part of access.parts) collectKeys(part, keys)
}

function accessTo(condition: Condition, compiler: Compiler): Access | null {
  const { accesses } = compiler
  const known = accesses?.get(condition)
  if (known !== undefined) return known
  const access = accessIn(condition, compiler)
  accesses?.set(condition, access)
  noteSlots(condition, compiler)
  return access
}

function noteSlots(condition: Condition, compiler: Compiler): void {
  if (condition.kind === 'all' || condition.kind === 'any') for (const one of condition.of) noteSlots(one, compiler)
  else if (condition.kind === 'not') noteSlots(condition.of, compiler)
  else if (condition.kind === 'leaf' && condition.field.scope === 'recipient')
    compiler.looks.recipientSlots.add(compiler.slots.of(condition.field, condition.name))
}

const isOne = ({ kind }: Condition) => kind !== 'all' && kind !== 'always'

/** Splits a conjunction into what can be asked once per message and what must be asked per recipient; cheap parts first. */
function partsOf(
  conditions: readonly Condition[],
  slots: Slots,
): Pick<CompiledRule, 'messageParts' | 'recipientParts'> {
  const messageParts: Part[] = []
  const recipientParts: Part[] = []
  for (const condition of conditions) {
    const part = slots.part(condition)
    insert(part, part.ofRecipient ? recipientParts : messageParts)
  }
  return { messageParts, recipientParts }
}

/** The conjuncts of a condition. */
function collect(condition: Condition, conjuncts: Condition[]): void {
  if (condition.kind === 'all') for (const one of condition.of) collect(one, conjuncts)
  else if (condition.kind !== 'always') conjuncts.push(condition)
}

/** Behind those that cost no more. */
function insert(part: Part, parts: Part[]): void {
  let at = parts.push(part) - 1
  for (; at > 0 && parts[at - 1]!.cost > part.cost; at--) parts[at] = parts[at - 1]!
  parts[at] = part
}
