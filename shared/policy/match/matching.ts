/** One message against the index: what depends on the message alone is found once, the rest per kind of recipient. */
import type { Facts, Normalised } from '../facts.ts'
import type { CompiledRule } from '../policy.ts'
import { FALSE, UNKNOWN, VERDICT_BITS, type Verdict, verdictIn } from './conjunctions.ts'
import { type Candidate, indexOf, type RuleIndex } from './rule-index.ts'

/** Above that many fields telling recipients apart costs more than it saves. */
const MAX_SIGNATURE = 24
/** Kinds of recipients are compared one by one up to that many; further ones by what they have in the first field. */
const FEW_KINDS = 6
/** Kinds that agree in the first field are compared up to that many; further ones are not kept. */
const MAX_ALIKE = 16

/** Rules that may apply to this recipient, in the order of the policy. Every other rule has no effect on it. */
export function candidatesOf(policy: { readonly rules: readonly CompiledRule[] }, facts: Facts): readonly Candidate[] {
  const { shared } = facts
  let { matching } = shared
  if (!(matching instanceof Matching) || matching.index.rules !== policy.rules) {
    matching = new Matching(indexOf(policy), facts)
    shared.matching = matching
  }
  return (matching as Matching).candidates(facts)
}

/** Recipients that are equal in every field that conditions or keys of rules look at. */
interface Kind {
  /** Of the first of them: most others differ in the first field, and no further one is read then. */
  readonly facts: Facts
  readonly found: readonly Candidate[]
}

class Matching {
  readonly index: RuleIndex
  readonly #number: number
  /** Rules whose message part may hold, reached by what the message has: twice the position, and one more if in doubt. */
  readonly #alive: number[] = []
  readonly #first: Kind[] = []
  /** Further ones by the value of the first field. */
  #others: Map<Normalised, Kind[]> | null = null

  constructor(index: RuleIndex, facts: Facts) {
    this.index = index
    this.#number = index.marks.next()
    const lists: (readonly number[])[] = [index.residual]
    for (const table of index.messageTables) table.reach(facts.value(table.slot), lists)
    if (index.fileTables.length > 0) this.#reachFiles(facts, lists)
    for (let i = 0; i < lists.length; i++) this.#offer(lists[i]!, facts)
    sortFrom(this.#alive, 0)
  }

  candidates(facts: Facts): readonly Candidate[] {
    const { recipientSlots } = this.index
    if (facts.input.recipients.length < 2 || recipientSlots.length > MAX_SIGNATURE) return this.#find(facts)
    const known = this.#among(this.#first, facts)
    if (known) return known.found
    const few = this.#first.length < FEW_KINDS
    const first = few || recipientSlots.length === 0 ? null : facts.value(recipientSlots[0]!)
    const others = few ? undefined : this.#others?.get(first)
    const other = others && this.#among(others, facts)
    if (other) return other.found
    const found = this.#find(facts)
    const kind = { facts, found }
    if (few) this.#first.push(kind)
    else if (others === undefined) {
      this.#others ??= new Map()
      this.#others.set(first, [kind])
    } else if (others.length < MAX_ALIKE) others.push(kind)
    return found
  }

  #among(kinds: readonly Kind[], facts: Facts): Kind | null {
    for (let i = 0; i < kinds.length; i++) if (this.#alike(kinds[i]!, facts)) return kinds[i]!
    return null
  }

  #alike(kind: Kind, facts: Facts): boolean {
    const { recipientSlots } = this.index
    for (let i = 0; i < recipientSlots.length; i++)
      if (!same(kind.facts.value(recipientSlots[i]!), facts.value(recipientSlots[i]!))) return false
    return true
  }

  #find(facts: Facts): readonly Candidate[] {
    const { recipientParts, marks, recipientTables } = this.index
    const number = marks.next()
    const seen = marks.recipient
    const found: number[] = []
    const alive = this.#alive
    for (let i = 0; i < alive.length; i++) {
      const entry = alive[i]!
      seen[entry >> 1] = number
      const verdict = recipientParts.hold(entry >> 1, facts, number)
      if (verdict !== FALSE) found.push(verdict === UNKNOWN ? entry | 1 : entry)
    }
    const inOrder = found.length
    const lists: (readonly number[])[] = []
    for (let i = 0; i < recipientTables.length; i++) {
      const table = recipientTables[i]!
      table.reach(facts.value(table.slot), lists)
    }
    for (let k = 0; k < lists.length; k++) {
      const list = lists[k]!
      for (let i = 0; i < list.length; i++) {
        const position = list[i]!
        if (seen[position] === number) continue
        seen[position] = number
        const ofMessage = this.#verdict(position, facts)
        if (ofMessage === FALSE) continue
        const verdict = recipientParts.hold(position, facts, number)
        if (verdict !== FALSE) found.push(entryOf(position, verdict === UNKNOWN ? UNKNOWN : ofMessage))
      }
    }
    sortFrom(found, inOrder)
    const candidates = new Array<Candidate>(found.length)
    // Two runs that are in order each: what stood for the message, and what this recipient's keys led to.
    for (let i = 0, a = 0, b = inOrder; i < found.length; i++) {
      const entry = a < inOrder && (b === found.length || found[a]! < found[b]!) ? found[a++]! : found[b++]!
      candidates[i] = this.index.candidate(entry >> 1, (entry & 1) === 1)
    }
    return candidates
  }

  #offer(offered: readonly number[], facts: Facts): void {
    const { message } = this.index.marks
    for (let i = 0; i < offered.length; i++) {
      const position = offered[i]!
      if (verdictIn(message[position]!, this.#number)) continue
      const verdict = this.#verdict(position, facts)
      if (verdict !== FALSE) this.#alive.push(entryOf(position, verdict))
    }
  }

  #verdict(position: number, facts: Facts): Verdict {
    const { marks, messageParts } = this.index
    const known = verdictIn(marks.message[position]!, this.#number)
    if (known) return known
    const verdict = messageParts.hold(position, facts, this.#number)
    marks.message[position] = (this.#number << VERDICT_BITS) | verdict
    return verdict
  }

  /** A structure with defects may hide an attachment, as one that is not known at all. */
  #reachFiles(facts: Facts, lists: (readonly number[])[]): void {
    const { attachments: files, message } = facts.input
    for (const table of this.index.fileTables) {
      if (files === undefined || message.defects.length > 0) lists.push(table.all)
      else for (let i = 0; i < files.length; i++) table.reach(facts.fileValue(table.slot, i), lists)
    }
  }
}

function entryOf(position: number, verdict: Verdict): number {
  return 2 * position + (verdict === UNKNOWN ? 1 : 0)
}

function same(a: Normalised, b: Normalised): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  return a.length === b.length && a.every((one, i) => one === b[i])
}

/** Up to that many numbers are sorted by insertion, and more natively. */
const FEW = 40

/** Sorts the numbers from a place on, ascending. */
function sortFrom(list: number[], from: number): void {
  if (list.length - from > FEW) {
    const sorted = Int32Array.from(list.slice(from)).sort()
    for (let i = 0; i < sorted.length; i++) list[from + i] = sorted[i]!
    return
  }
  for (let i = from + 1; i < list.length; i++) {
    const value = list[i]!
    let at = i
    for (; at > from && list[at - 1]! > value; at--) list[at] = list[at - 1]!
    list[at] = value
  }
}
