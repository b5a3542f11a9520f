/** Rules filed under the keys of one field. */
import type { Normalised, Slot } from '../facts.ts'
import type { OperatorKey } from '../registry/operator.ts'
import type { Value } from '../registry/types.ts'
import { Literals } from './literals.ts'

/** Takes rules, by position, that a fact has a key of. */
export type Offer = (rules: Int32Array) => void

export class Table {
  readonly slot: Slot
  /** Every rule that stands here: what an unknown fact leads to. */
  readonly all: Int32Array
  readonly #values: ReadonlyMap<Value, Int32Array>
  readonly #below: ReadonlyMap<Value, Int32Array>
  readonly #literals: Literals | null
  readonly #byLiteral: readonly Int32Array[]

  constructor(slot: Slot, filed: Filed) {
    this.slot = slot
    this.all = packed(filed.all)
    this.#values = packedMap(filed.values)
    this.#below = packedMap(filed.below)
    this.#byLiteral = filed.texts.map(packed)
    this.#literals = filed.texts.length > 0 ? filed.literals : null
    this.#literals?.build()
  }

  /** Offers the rules that a fact leads to; some more than once. */
  reach(fact: Normalised, offer: Offer): void {
    if (fact === undefined) offer(this.all)
    else if (fact === null) return
    else if (typeof fact === 'object') for (const one of fact) this.#reachOne(one, offer)
    else this.#reachOne(fact, offer)
  }

  #reachOne(value: Value, offer: Offer): void {
    const same = this.#values.get(value)
    if (same) offer(same)
    if (typeof value !== 'string') return
    if (this.#below.size > 0) {
      for (let dot = value.indexOf('.'); dot >= 0; dot = value.indexOf('.', dot + 1)) {
        const under = this.#below.get(value.slice(dot + 1))
        if (under) offer(under)
      }
    }
    this.#literals?.scan(value, (literal) => offer(this.#byLiteral[literal]!))
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
  file(rule: number, keys: readonly OperatorKey[]): boolean {
    for (const { kind, value } of keys) {
      if (kind === 'text') {
        const literal = this.literals.add(String(value))
        if (literal === null) return false
        this.texts[literal] ??= []
        append(this.texts[literal], rule)
      } else {
        const map = kind === 'value' ? this.values : this.below
        const known = map.get(value)
        if (known) append(known, rule)
        else map.set(value, [rule])
      }
    }
    append(this.all, rule)
    return true
  }
}

/** Rules are filed in order, so a double stands last. */
function append(list: number[], rule: number): void {
  if (list.at(-1) !== rule) list.push(rule)
}

function packed(list: readonly number[]): Int32Array {
  return Int32Array.from(list)
}

function packedMap(map: ReadonlyMap<Value, readonly number[]>): Map<Value, Int32Array> {
  return new Map([...map].map(([key, list]) => [key, packed(list)]))
}
