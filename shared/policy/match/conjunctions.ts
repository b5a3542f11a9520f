/**
 * The conditions of many rules as numbers in one row: what most conditions ask, whether a field has one of a few values, is
 * answered by comparing numbers that lie together, without a call. Everything else is asked once an evaluation.
 */
import type { Equality, Part } from '../compile.ts'
import type { Facts, Normalised, Slot } from '../facts.ts'
import type { Value } from '../registry/types.ts'

/** A truth as a number, for typed arrays. */
export type Verdict = typeof TRUE | typeof FALSE | typeof UNKNOWN
export const TRUE = 1
export const FALSE = 2
export const UNKNOWN = 3

/** Numbers a part takes: what it compares, two for its operand, its place among all parts. */
const WIDTH = 4
/** How a part is answered, in the lowest bits of its first number, above which stands its field. */
const ASK = 0
const IS = 1
const ONE_OF = 2
const FILE = 3
const KIND = 3
const KIND_BITS = 2
/** Longer lists of values are looked up in sets, by asking. */
const MAX_LISTED = 16
/** In place of a fact's number: it has not exactly one value, and the part has to be asked. */
const NOT_SINGLE = -1

export class Conjunctions {
  /** The parts of the rule at position p: from `starts[p]` to before `starts[p + 1]`. */
  readonly #starts: Int32Array
  readonly #code: Int32Array
  /** Numbers of values that parts list. */
  readonly #lists: Int32Array
  readonly #parts: readonly Part[]
  /** Last evaluation that asked for a part, and the answer. A mark counts only if it bears the evaluation's number. */
  readonly #marks: Uint32Array
  readonly #answers: Uint8Array
  readonly #fields: readonly Comparable[]
  readonly #fieldMarks: Uint32Array
  /** The number of a field's value; how many numbers there are where it is one of attachments. */
  readonly #ids: Int32Array

  constructor(rules: readonly (readonly Part[])[]) {
    const numbers = new Map<Part, number>()
    const fields = new Fields()
    for (const parts of rules) {
      for (const part of parts) {
        if (numbers.has(part)) continue
        numbers.set(part, numbers.size)
        fields.count(part.equality)
      }
    }
    const encoded = [...numbers.keys()].map((part, number) => encode(part, number, fields))
    const code: number[] = []
    const lists: number[] = []
    this.#starts = new Int32Array(rules.length + 1)
    for (const [position, parts] of rules.entries()) {
      const ordered = parts.map((part) => encoded[numbers.get(part)!]!)
      if (ordered.length > 1) ordered.sort((a, b) => a.share - b.share)
      for (const { what, ids, number } of ordered) {
        const kind = what & KIND
        if (kind === ONE_OF || kind === FILE) code.push(what, lists.length, lists.push(...ids), number)
        else code.push(what, ids[0] ?? 0, 0, number)
      }
      this.#starts[position + 1] = code.length
    }
    this.#code = Int32Array.from(code)
    this.#lists = Int32Array.from(lists)
    this.#parts = [...numbers.keys()]
    this.#marks = new Uint32Array(numbers.size)
    this.#answers = new Uint8Array(numbers.size)
    this.#fields = fields.list
    this.#fieldMarks = new Uint32Array(fields.list.length)
    this.#ids = new Int32Array(fields.list.length)
  }

  /** Whether all parts of a rule hold; `evaluation` numbers the facts they are asked of. */
  hold(position: number, facts: Facts, evaluation: number): Verdict {
    const code = this.#code
    const end = this.#starts[position + 1]!
    let verdict: Verdict = TRUE
    for (let at = this.#starts[position]!; at < end; at += WIDTH) {
      const what = code[at]!
      const kind = what & KIND
      if (kind !== ASK) {
        const field = what >> KIND_BITS
        const id = this.#fieldMarks[field] === evaluation ? this.#ids[field]! : this.#read(field, facts, evaluation)
        if (id !== NOT_SINGLE) {
          if (kind === IS) {
            if (id === code[at + 1]) continue
          } else if (kind === ONE_OF) {
            if (this.#listed(id, code[at + 1]!, code[at + 2]!)) continue
          } else if (this.#someListed(field, id, code[at + 1]!, code[at + 2]!)) continue
          return FALSE
        }
      }
      const number = code[at + 3]!
      const answer = this.#marks[number] === evaluation ? this.#answers[number]! : this.#ask(number, facts, evaluation)
      if (answer === FALSE) return FALSE
      if (answer === UNKNOWN) verdict = UNKNOWN
    }
    return verdict
  }

  forget(): void {
    this.#marks.fill(0)
    this.#fieldMarks.fill(0)
  }

  #listed(id: number, from: number, to: number): boolean {
    const lists = this.#lists
    for (let i = from; i < to; i++) if (lists[i] === id) return true
    return false
  }

  #someListed(field: number, count: number, from: number, to: number): boolean {
    const { fileIds } = this.#fields[field]!
    for (let i = 0; i < count; i++) if (this.#listed(fileIds[i]!, from, to)) return true
    return false
  }

  #read(field: number, facts: Facts, evaluation: number): number {
    const id = this.#fields[field]!.read(facts)
    this.#fieldMarks[field] = evaluation
    this.#ids[field] = id
    return id
  }

  #ask(number: number, facts: Facts, evaluation: number): Verdict {
    const truth = this.#parts[number]!.ask(facts)
    const answer = truth === undefined ? UNKNOWN : truth ? TRUE : FALSE
    this.#marks[number] = evaluation
    this.#answers[number] = answer
    return answer
  }
}

interface Encoded {
  readonly what: number
  /** Numbers of the values it compares with. */
  readonly ids: readonly number[]
  readonly number: number
  /** Roughly how often it holds, and more for what takes longer: the smallest goes first, since one that fails is the last. */
  readonly share: number
}

function encode({ equality, cost }: Part, number: number, fields: Fields): Encoded {
  if (!isListed(equality)) return { what: ASK, ids: [], number, share: cost }
  const { slot, values, ofFiles } = equality
  const place = fields.place(slot, ofFiles)
  const field = fields.list[place]!
  const ids = values.map((value) => field.number(value))
  const kind = ofFiles ? FILE : ids.length === 1 ? IS : ONE_OF
  return { what: (place << KIND_BITS) | kind, ids, number, share: ids.length / field.size }
}

function isListed(equality: Equality | null): equality is Equality {
  return equality !== null && equality.values.length <= MAX_LISTED
}

/** A field whose values have numbers. */
class Comparable {
  /** Numbers of the attachments' values, as they were read last; longer than it needs to be. */
  readonly fileIds: number[] = []
  readonly #slot: Slot
  readonly #ofFiles: boolean
  readonly #numbers = new Map<Value, number>()

  constructor(slot: Slot, ofFiles: boolean) {
    this.#slot = slot
    this.#ofFiles = ofFiles
  }

  /** The number of an operand, from 1. */
  number(value: Value): number {
    const known = this.#numbers.get(value) ?? this.#numbers.size + 1
    this.#numbers.set(value, known)
    return known
  }

  get size(): number {
    return this.#numbers.size
  }

  /** The number of the fact's one value, 0 for one that no part looks for; of attachments how many values they have. */
  read(facts: Facts): number {
    return this.#ofFiles ? this.#readFiles(facts) : this.#idOf(facts.value(this.#slot))
  }

  #idOf(fact: Normalised): number {
    if (typeof fact === 'object' && fact?.length === 1) return this.#numbers.get(fact[0]!) ?? 0
    return fact === undefined || typeof fact === 'object' ? NOT_SINGLE : (this.#numbers.get(fact) ?? 0)
  }

  /** A structure with defects may hide an attachment, and an unknown value anything: the part has to be asked. */
  #readFiles(facts: Facts): number {
    const { attachments, message } = facts.input
    if (attachments === undefined || message.defects.length > 0) return NOT_SINGLE
    for (let position = 0; position < attachments.length; position++) {
      const id = this.#idOf(facts.fileValue(this.#slot, position))
      if (id === NOT_SINGLE) return NOT_SINGLE
      this.fileIds[position] = id
    }
    return attachments.length
  }
}

class Fields {
  readonly list: Comparable[] = []
  readonly #places = new Map<Slot, number>()

  /** Gives the values numbers. */
  count(equality: Equality | null): void {
    if (!isListed(equality)) return
    const field = this.list[this.place(equality.slot, equality.ofFiles)]!
    for (const value of equality.values) field.number(value)
  }

  /** A field is asked of attachments or it is not, never both. */
  place(slot: Slot, ofFiles: boolean): number {
    let place = this.#places.get(slot)
    if (place === undefined) {
      place = this.list.push(new Comparable(slot, ofFiles)) - 1
      this.#places.set(slot, place)
    }
    return place
  }
}
