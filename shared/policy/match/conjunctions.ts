/**
 * The conditions of many rules as numbers in one row: what most conditions ask, whether a field has one of a few values, is
 * answered by comparing numbers that lie together, without a call. Everything else is asked once an evaluation.
 */
import type { Equality, Part } from '../compile.ts'
import type { Facts, Normalised, Slot } from '../facts.ts'
import type { Value } from '../registry/types.ts'
import type { KeyStatistics } from './choice.ts'

/** A truth as a number, for typed arrays. */
export type Verdict = typeof TRUE | typeof FALSE | typeof UNKNOWN
export const TRUE = 1
export const FALSE = 2
export const UNKNOWN = 3

/** Bits of a mark that tell the verdict; above them stands the number of the evaluation, which is at most so large. */
export const VERDICT_BITS = 2
export const LAST_EVALUATION = 0x3fff_ffff
const VERDICT = 3

/** What an evaluation with this number found, told from a mark; undefined when the mark is another's. */
export function verdictIn(mark: number, evaluation: number): Verdict | undefined {
  return mark >>> VERDICT_BITS === evaluation ? ((mark & VERDICT) as Verdict) : undefined
}

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
  /** The parts of rules, WIDTH numbers each, made when they are asked first, which most never are; one row, which is read fastest. */
  #code = new Int32Array(1024)
  #length = 0
  /** Where those of the rule at a position begin, and behind which they end; 0 for a rule that was not asked yet. */
  readonly #from: Uint32Array
  readonly #to: Uint32Array
  readonly #partsAt: (position: number) => readonly Part[]
  readonly #statistics: KeyStatistics
  readonly #numbers = new Map<Part, number>()
  readonly #parts: Part[] = []
  /** Numbers of values that parts list. */
  readonly #lists: number[] = []
  /** Last evaluation that asked for a part, with the answer. A mark counts only if it bears the evaluation's number. */
  #marks = new Uint32Array(64)
  readonly #places = new Map<Slot, number>()
  readonly #fields: Comparable[] = []
  /** Last evaluation that read a field. */
  readonly #fieldMarks: number[] = []
  /** The number of a field's value; how many numbers there are where it is one of attachments. */
  readonly #ids: number[] = []

  constructor(size: number, partsAt: (position: number) => readonly Part[], statistics: KeyStatistics) {
    this.#from = new Uint32Array(size)
    this.#to = new Uint32Array(size)
    this.#partsAt = partsAt
    this.#statistics = statistics
  }

  /** Whether all parts of a rule hold; `evaluation` numbers the facts they are asked of. */
  hold(position: number, facts: Facts, evaluation: number): Verdict {
    if (this.#to[position] === 0) this.#encode(position)
    const code = this.#code
    const to = this.#to[position]!
    let verdict: Verdict = TRUE
    for (let at = this.#from[position]!; at < to; at += WIDTH) {
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
      const answer = verdictIn(this.#marks[number]!, evaluation) ?? this.#ask(number, facts, evaluation)
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
    this.#marks[number] = (evaluation << VERDICT_BITS) | answer
    return answer
  }

  /** A part that fails is the last that is asked, so those that hold least often go first. */
  #encode(position: number): void {
    const added = this.#partsAt(position)
      .map((part) => ({ part, share: this.#shareOf(part) }))
      .sort((a, b) => a.share - b.share)
      .flatMap(({ part }) => [...this.#comparison(part), this.#numberOf(part)])
    // Nothing begins at 0, which stands for what was not asked yet.
    const from = Math.max(1, this.#length)
    this.#length = from + added.length
    while (this.#length > this.#code.length) this.#code = grown(this.#code, new Int32Array(2 * this.#code.length))
    this.#code.set(added, from)
    this.#from[position] = from
    this.#to[position] = this.#length
  }

  /** Roughly how often it holds; its cost for one that has to be asked, which is never less. */
  #shareOf({ equality, cost }: Part): number {
    if (!isListed(equality)) return cost
    const { slot, values } = equality
    return slot.field.type === 'boolean' ? 1 / 2 : values.length / this.#statistics.distinct(slot)
  }

  #comparison({ equality }: Part): readonly [number, number, number] {
    if (!isListed(equality)) return [ASK, 0, 0]
    const { slot, values, ofFiles } = equality
    const place = this.#place(slot, ofFiles)
    const field = this.#fields[place]!
    const ids = values.map((value) => field.number(value))
    // What was read of the facts at hand may now have a number.
    this.#fieldMarks[place] = 0
    if (!ofFiles && ids.length === 1) return [(place << KIND_BITS) | IS, ids[0]!, 0]
    const from = this.#lists.length
    this.#lists.push(...ids)
    return [(place << KIND_BITS) | (ofFiles ? FILE : ONE_OF), from, this.#lists.length]
  }

  #numberOf(part: Part): number {
    const known = this.#numbers.get(part)
    if (known !== undefined) return known
    const number = this.#parts.push(part) - 1
    this.#numbers.set(part, number)
    if (number === this.#marks.length) this.#marks = grown(this.#marks, new Uint32Array(2 * number))
    return number
  }

  /** A field is asked of attachments or it is not, never both. */
  #place(slot: Slot, ofFiles: boolean): number {
    const known = this.#places.get(slot)
    if (known !== undefined) return known
    const place = this.#fields.push(new Comparable(slot, ofFiles)) - 1
    this.#places.set(slot, place)
    this.#fieldMarks.push(0)
    this.#ids.push(0)
    return place
  }
}

function grown<T extends Uint32Array | Int32Array>(list: T, larger: T): T {
  larger.set(list)
  return larger
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
