/**
 * Finds the rules that may apply to a mail without trying them all: each rule is filed under the rarest keys it cannot hold
 * without; rules without such keys are tried on every mail. Unknown facts lead to every rule that could depend on them.
 */

import type { Looks } from '../compiled-rule.ts'
import type { Slot } from '../facts.ts'
import type { CompiledRule } from '../policy.ts'
import type { Truth } from '../truth.ts'
import { KeyStatistics } from './choice.ts'
import { Conjunctions } from './conjunctions.ts'
import { Filed, Table } from './table.ts'

/** A rule that may apply. `truth` of the set's selector and the rule's condition, never false; `open` if it was not asked for. */
export interface Candidate {
  readonly rule: CompiledRule
  readonly truth: Truth | 'open'
}

/** Numbers of rules filed in all tables; past that, rules are tried on every mail instead. */
const MAX_FILED = 2_000_000

const indexes = new WeakMap<readonly CompiledRule[], RuleIndex>()

/** The index of a policy's rules; made on first use. */
export function indexOf({ rules }: { readonly rules: readonly CompiledRule[] }): RuleIndex {
  let index = indexes.get(rules)
  if (!index) {
    index = new RuleIndex(rules)
    indexes.set(rules, index)
  }
  return index
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

  constructor(rules: readonly CompiledRule[]) {
    this.rules = rules
    const statistics = new KeyStatistics([...looksOf(rules)].flatMap(({ keys }) => keys))
    const filed = new Map<Slot, Filed>()
    const residual: number[] = []
    let room = MAX_FILED
    for (const [position, { access }] of rules.entries()) {
      const choice = access && statistics.choose(access)
      room -= choice?.keys.reduce((sum, { keys }) => sum + keys.length, 0) ?? 0
      if (!choice || room < 0 || !choice.keys.every(({ slot, keys }) => filedOf(filed, slot).file(position, keys)))
        residual.push(position)
    }
    const tables = [...filed].map(([slot, list]) => new Table(slot, list))
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
    const candidate: Candidate = { rule, truth: rule.else.length > 0 ? 'open' : inDoubt ? undefined : true }
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
  let last: Looks | null = null
  for (const { looks } of rules) {
    if (looks !== last) found.add(looks)
    last = looks
  }
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
  /** Last evaluation of a message that asked for the message part of a rule, and the answer. */
  readonly message: Uint32Array
  readonly verdict: Uint8Array
  /** Last evaluation of a recipient that came by a rule. */
  readonly recipient: Uint32Array
  readonly #parts: readonly Conjunctions[]
  #last = 0

  constructor(size: number, parts: readonly Conjunctions[]) {
    this.#parts = parts
    this.message = new Uint32Array(size)
    this.verdict = new Uint8Array(size)
    this.recipient = new Uint32Array(size)
  }

  next(): number {
    if (this.#last === 0xffff_ffff) {
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
