/** Rules filed under the keys of one field. */
import type { Normalised, Slot } from '../facts.ts'
import type { OperatorKeys } from '../registry/operator.ts'
import type { Value } from '../registry/types.ts'
import { Literals } from './literals.ts'

export class Table {
  readonly slot: Slot
  /** Every rule that stands here: what an unknown fact leads to. */
  readonly all: readonly number[]
  readonly #values: ReadonlyMap<Value, readonly number[]>
  readonly #hasValues: boolean
  readonly #below: ReadonlyMap<Value, readonly number[]>
  /** Length of the shortest name in `#below`. */
  readonly #shortest: number
  readonly #literals: Literals | null
  readonly #byLiteral: readonly (readonly number[])[]

  constructor(slot: Slot, filed: Filed) {
    this.slot = slot
    this.all = filed.all
    this.#values = filed.values
    this.#hasValues = filed.values.size > 0
    this.#below = filed.below
    this.#shortest = [...filed.below.keys()].reduce(
      (least: number, name) => Math.min(least, String(name).length),
      Infinity,
    )
    this.#byLiteral = filed.texts
    this.#literals = filed.texts.length > 0 ? filed.literals : null
    this.#literals?.build()
  }

  /** Adds the lists of rules, by position, that a fact leads to; some rules stand in more than one. */
  reach(fact: Normalised, lists: (readonly number[])[]): void {
    if (fact === undefined) lists.push(this.all)
    else if (fact === null) return
    else if (typeof fact === 'object') for (const one of fact) this.#reachOne(one, lists)
    else this.#reachOne(fact, lists)
  }

  #reachOne(value: Value, lists: (readonly number[])[]): void {
    // A text that is only searched needs no place among values, which would take a walk over all of it.
    const same = this.#hasValues ? this.#values.get(value) : undefined
    if (same) lists.push(same)
    if (typeof value !== 'string') return
    const last = value.length - this.#shortest - 1
    if (last > 0) {
      for (let dot = value.indexOf('.'); dot >= 0 && dot <= last; dot = value.indexOf('.', dot + 1)) {
        const under = this.#below.get(value.slice(dot + 1))
        if (under) lists.push(under)
      }
    }
    this.#literals?.scan(value, this.#byLiteral, lists)
  }
}

/** A table while it is filled. */
export class Filed {
  readonly all: number[] = []
  readonly values = new Map<Value, number[]>()
  readonly below = new Map<Value, number[]>()
  readonly literals = new Literals()
  readonly texts: number[][] = []

  /** False when a text finds no room any more; what was filed then stays and does no harm. */
  file(rule: number, keys: readonly OperatorKeys[]): boolean {
    for (const { kind, values } of keys) {
      for (let i = 0; i < values.length; i++) {
        if (kind === 'text') {
          if (!this.#fileText(rule, String(values[i]))) return false
        } else {
          const map = kind === 'value' ? this.values : this.below
          const known = map.get(values[i]!)
          if (known) append(known, rule)
          else map.set(values[i]!, [rule])
        }
      }
    }
    append(this.all, rule)
    return true
  }

  #fileText(rule: number, text: string): boolean {
    const literal = this.literals.add(text)
    if (literal === null) return false
    this.texts[literal] ??= []
    append(this.texts[literal], rule)
    return true
  }
}

/** Rules are filed in order, so a double stands last. */
function append(list: number[], rule: number): void {
  if (list.at(-1) !== rule) list.push(rule)
}
