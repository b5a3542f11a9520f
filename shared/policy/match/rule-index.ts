/**
 * Finds the rules that may apply to a mail without trying them all: each rule is filed under the rarest keys it cannot hold
 * without; rules without such keys are tried on every mail. Unknown facts lead to every rule that could depend on them.
 */

import type { Looks, Selection } from '../compiled-rule.ts'
import type { Slot } from '../facts.ts'
import type { CompiledRule } from '../policy.ts'
import { completed, type Steps } from '../steps.ts'
import type { Truth } from '../truth.ts'
import type { Access, Keys } from './access.ts'
import { KeyStatistics } from './choice.ts'
import { Conjunctions, LAST_EVALUATION } from './conjunctions.ts'
import { Filed, Table } from './table.ts'

/** A rule that may apply. `truth` of the set's selector and the rule's condition, never false; `open` if it was not asked for. */
export interface Candidate {
  readonly rule: CompiledRule
  readonly truth: Truth | 'open'
  /** Of a rule that applies for certain, and of which nothing has to be asked any more. */
  readonly settled: Selection | null
}

/** Numbers of rules filed in all tables; past that, rules are tried on every mail instead. */
const MAX_FILED = 2_000_000
/** Rules that are filed between stops. */
const STEP = 64

const indexes = new WeakMap<readonly CompiledRule[], RuleIndex>()

/** The index of a policy's rules; made on first use. */
export function indexOf(policy: { readonly rules: readonly CompiledRule[] }): RuleIndex {
  return indexes.get(policy.rules) ?? completed(indexing(policy))
}

/** As `indexOf`, stopping now and then. */
export function* indexing({ rules }: { readonly rules: readonly CompiledRule[] }): Steps<RuleIndex> {
  const known = indexes.get(rules)
  if (known) return known
  const statistics = new KeyStatistics()
  for (const { keys } of looksOf(rules)) for (let i = 0; i < keys.length; i++) statistics.add(keys[i]!)
  yield
  const filing = new Filing(statistics)
  for (let position = 0; position < rules.length; position++) {
    filing.file(position, rules[position]!.access)
    if (position % STEP === 0) yield
  }
  const tables: Table[] = []
  for (const [slot, list] of filing.filed) {
    tables.push(new Table(slot, list))
    yield
  }
  const index = new RuleIndex(rules, { residual: filing.residual, tables, statistics })
  indexes.set(rules, index)
  return index
}

/** Files rules, in the order of their positions, under the keys they are found by. */
class Filing {
  readonly filed = new Map<Slot, Filed>()
  readonly residual: number[] = []
  readonly #statistics: KeyStatistics
  #room = MAX_FILED

  constructor(statistics: KeyStatistics) {
    this.#statistics = statistics
  }

  file(position: number, access: Access | null): void {
    const chosen = access && this.#statistics.choose(access)
    const filed = chosen && ('of' in chosen ? this.#file(position, chosen) : this.#fileAll(position, chosen))
    if (!filed) this.residual.push(position)
  }

  #file(position: number, { slot, keys, count }: Keys): boolean {
    this.#room -= count
    return this.#room >= 0 && filedOf(this.filed, slot).file(position, keys)
  }

  /** What was filed of a rule that then finds no room stays and does no harm. */
  #fileAll(position: number, chosen: readonly Keys[]): boolean {
    return chosen.every((keys) => this.#file(position, keys))
  }
}

export class RuleIndex {
  readonly rules: readonly CompiledRule[]
  /** Positions of rules that are tried on every mail. */
  readonly residual: readonly number[]
  /** Tables of fields that have one value (or one set of values) per message, per attachment, per recipient. */
  readonly messageTables: readonly Table[]
  readonly fileTables: readonly Table[]
  readonly recipientTables: readonly Table[]
  /** Fields of recipients that conditions or keys of rules look at: recipients equal in these have the same candidates. */
  readonly recipientSlots: readonly Slot[]
  /** Parts of the rules' conditions. */
  readonly messageParts: Conjunctions
  readonly recipientParts: Conjunctions
  /** Ready answers by position. */
  readonly #certain: (Candidate | undefined)[]
  readonly #doubtful: (Candidate | undefined)[]
  /** Marks of evaluations, which are numbered: see Matching. */
  readonly marks: Marks

  constructor(
    rules: readonly CompiledRule[],
    {
      residual,
      tables,
      statistics,
    }: Pick<RuleIndex, 'residual'> & {
      readonly tables: readonly Table[]
      readonly statistics: KeyStatistics
    },
  ) {
    this.rules = rules
    const ofScope = (scope: string) => tables.filter(({ slot }) => slot.field.scope === scope)
    this.residual = residual
    this.messageTables = ofScope('message')
    this.fileTables = ofScope('attachment')
    this.recipientTables = ofScope('recipient')
    this.recipientSlots = mostTellingFirst(slotsOf(rules, this.recipientTables))
    this.messageParts = new Conjunctions(rules.length, (position) => rules[position]!.messageParts, statistics)
    this.recipientParts = new Conjunctions(rules.length, (position) => rules[position]!.recipientParts, statistics)
    this.#certain = new Array(rules.length)
    this.#doubtful = new Array(rules.length)
    this.marks = new Marks(rules.length, [this.messageParts, this.recipientParts])
  }

  /** The rule at a position as a candidate; one object, made when a mail first meets it. */
  candidate(position: number, inDoubt: boolean): Candidate {
    const made = inDoubt ? this.#doubtful : this.#certain
    const known = made[position]
    if (known) return known
    const rule = this.rules[position]!
    const truth = rule.else.length > 0 ? 'open' : inDoubt ? undefined : true
    const candidate: Candidate = { rule, truth, settled: truth === true ? rule.settled : null }
    made[position] = candidate
    return candidate
  }
}

function slotsOf(rules: readonly CompiledRule[], tables: readonly Table[]): readonly Slot[] {
  const slots = new Set(tables.map(({ slot }) => slot))
  for (const { recipientSlots } of looksOf(rules)) for (const slot of recipientSlots) slots.add(slot)
  return [...slots]
}

/** Rules of one policy have one. */
function looksOf(rules: readonly CompiledRule[]): ReadonlySet<Looks> {
  const found = new Set<Looks>()
  for (let i = 0; i < rules.length; i++)
    if (i === 0 || rules[i]!.looks !== rules[i - 1]!.looks) found.add(rules[i]!.looks)
  return found
}

/** Most recipients differ in the first field already. */
function mostTellingFirst(slots: readonly Slot[]): readonly Slot[] {
  const fewValues = (slot: Slot) => Number(slot.field.type === 'boolean' || slot.field.values !== undefined)
  return slots.toSorted((a, b) => fewValues(a) - fewValues(b))
}

/**
 * Scratch space, shared by all evaluations so that none has to clear it: a mark counts only if it bears the number of the
 * evaluation that asks. Evaluations that take turns lose marks to each other and ask again.
 */
export class Marks {
  /** Last evaluation of a message that asked for the message part of a rule, with the verdict. */
  readonly message: Uint32Array
  /** Last evaluation of a recipient that came by a rule. */
  readonly recipient: Uint32Array
  readonly #parts: readonly Conjunctions[]
  #last = 0

  constructor(size: number, parts: readonly Conjunctions[]) {
    this.#parts = parts
    this.message = new Uint32Array(size)
    this.recipient = new Uint32Array(size)
  }

  next(): number {
    if (this.#last === LAST_EVALUATION) {
      this.message.fill(0)
      this.recipient.fill(0)
      for (const parts of this.#parts) parts.forget()
      this.#last = 0
    }
    return ++this.#last
  }
}

function filedOf(filed: Map<Slot, Filed>, slot: Slot): Filed {
  let table = filed.get(slot)
  if (!table) {
    table = new Filed()
    filed.set(slot, table)
  }
  return table
}
