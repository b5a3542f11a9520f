/** One message against the index: what depends on the message alone is found once, the rest per kind of recipient. */
import type { Facts, Normalised } from '../facts.ts'
import type { CompiledRule } from '../policy.ts'
import type { Truth } from '../truth.ts'
import { type Candidate, indexOf, type RuleIndex } from './rule-index.ts'

const TRUE = 1
const FALSE = 2
const UNKNOWN = 3

/** Above that many fields telling recipients apart costs more than it saves. */
const MAX_SIGNATURE = 24

/** Rules that may apply to this recipient, in the order of the policy. Every other rule has no effect on it. */
export function candidatesOf(policy: { readonly rules: readonly CompiledRule[] }, facts: Facts): readonly Candidate[] {
  const index = indexOf(policy)
  const { shared } = facts
  let matching = shared.matching
  if (!(matching instanceof Matching) || matching.index !== index) {
    matching = new Matching(index, facts)
    shared.matching = matching
  }
  return (matching as Matching).candidates(facts)
}

class Matching {
  readonly index: RuleIndex
  readonly #number: number
  /** Rules whose message part may hold, reached by what the message has: twice the position, and one more if in doubt. */
  readonly #alive: number[] = []
  readonly #bySignature = new Map<string, readonly Candidate[]>()

  constructor(index: RuleIndex, facts: Facts) {
    this.index = index
    this.#number = index.marks.next()
    const offer = (rules: Int32Array) => this.#offer(rules, facts)
    offer(index.residual)
    for (const table of index.messageTables) table.reach(facts.value(table.slot), offer)
    if (index.fileTables.length > 0) this.#reachFiles(facts, offer)
    this.#alive.sort((a, b) => a - b)
  }

  candidates(facts: Facts): readonly Candidate[] {
    const { recipientSlots } = this.index
    if (facts.input.recipients.length < 2 || recipientSlots.length > MAX_SIGNATURE) return this.#find(facts)
    let signature = ''
    for (const slot of recipientSlots) signature += signed(facts.value(slot))
    let found = this.#bySignature.get(signature)
    if (!found) {
      found = this.#find(facts)
      this.#bySignature.set(signature, found)
    }
    return found
  }

  #find(facts: Facts): readonly Candidate[] {
    const { recipientParts, marks, certain, doubtful, recipientTables } = this.index
    const number = marks.next()
    const found: number[] = []
    const consider = (entry: number) => {
      const part = recipientParts[entry >> 1]!
      const truth = part === null ? true : part(facts)
      if (truth !== false) found.push(truth === undefined ? entry | 1 : entry)
    }
    for (let i = 0; i < this.#alive.length; i++) {
      const entry = this.#alive[i]!
      marks.recipient[entry >> 1] = number
      consider(entry)
    }
    const offer = (offered: Int32Array) => {
      for (let i = 0; i < offered.length; i++) {
        const position = offered[i]!
        if (marks.recipient[position] === number) continue
        marks.recipient[position] = number
        const verdict = this.#verdict(position, facts)
        if (verdict !== FALSE) consider(entryOf(position, verdict))
      }
    }
    for (const table of recipientTables) table.reach(facts.value(table.slot), offer)
    found.sort((a, b) => a - b)
    return found.map((entry) => ((entry & 1) === 1 ? doubtful : certain)[entry >> 1]!)
  }

  #offer(offered: Int32Array, facts: Facts): void {
    const { message } = this.index.marks
    for (let i = 0; i < offered.length; i++) {
      const position = offered[i]!
      if (message[position] === this.#number) continue
      const verdict = this.#verdict(position, facts)
      if (verdict !== FALSE) this.#alive.push(entryOf(position, verdict))
    }
  }

  #verdict(position: number, facts: Facts): number {
    const { marks, messageParts } = this.index
    if (marks.message[position] === this.#number) return marks.verdict[position]!
    const part = messageParts[position]!
    const verdict = part === null ? TRUE : coded(part(facts))
    marks.message[position] = this.#number
    marks.verdict[position] = verdict
    return verdict
  }

  /** A structure with defects may hide an attachment, as one that is not known at all. */
  #reachFiles(facts: Facts, offer: (rules: Int32Array) => void): void {
    const { attachments: files, message } = facts.input
    for (const table of this.index.fileTables) {
      if (files === undefined || message.defects.length > 0) offer(table.all)
      else for (let i = 0; i < files.length; i++) table.reach(facts.fileValue(table.slot, i), offer)
    }
  }
}

function entryOf(position: number, verdict: number): number {
  return 2 * position + (verdict === UNKNOWN ? 1 : 0)
}

function coded(truth: Truth): number {
  return truth === undefined ? UNKNOWN : truth ? TRUE : FALSE
}

/** A value so that no two sequences of values read the same, whatever is in them. */
function signed(value: Normalised): string {
  if (value === undefined) return '?'
  if (value === null) return '-'
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value === 'object') return `[${value.map(signed).join('')}]`
  return `${typeof value === 'number' ? 'n' : 'b'}${value};`
}
