/**
 * Questions about conditions, answered over boxes: terms of the disjunctive normal form, each a set of regions a
 * dimension. Answers are certain or withheld: a fact outside every box cannot meet the condition, yet not every box
 * holds a mail that can exist.
 */

import { type Box, F, type Form, possible, T, U } from './form.ts'
import { relations } from './relations.ts'
import type { Universe } from './universe.ts'

/** `yes` is certain; `open` says nothing; `too large` says that the budget ended first. */
export type Answer = 'yes' | 'open' | 'too large'

const MAX_TERMS = 256

export class Boxes {
  readonly universe: Universe
  /** Directions follow from sender and recipient, as the gateway sets them. */
  readonly #directed: boolean
  readonly #relations: ReturnType<typeof relations>

  constructor(universe: Universe, options: { readonly directed?: boolean } = {}) {
    this.universe = universe
    this.#directed = options.directed ?? false
    this.#relations = relations(universe, () => new Boxes(universe))
  }

  /** Regions of a dimension nobody narrowed. */
  readonly free = (dimension: number): bigint => this.universe.dimensions[dimension]!.usual

  possible(form: Form, box: Box): number {
    return possible(form, box, this.free)
  }

  /** No mail makes the form any of these truth values (a sum of T, F, U). */
  never(form: Form, truths: number = T): Answer {
    const terms = this.terms(form, truths)
    return terms === null ? 'too large' : terms.length === 0 ? 'yes' : 'open'
  }

  /** Wherever `a` holds, `b` holds. */
  implies(a: Form, b: Form): Answer {
    return this.within(this.terms(a, T), b, T)
  }

  /** No mail meets both. */
  disjoint(a: Form, b: Form): Answer {
    return this.within(this.terms(a, T), b, F | U)
  }

  /** In all these boxes the form has one of these truth values. */
  within(boxes: readonly Box[] | null, form: Form, truths: number): Answer {
    if (boxes === null) return 'too large'
    const others = this.terms(form, (T | F | U) & ~truths)
    if (others === null || boxes.length * others.length > 64 * MAX_TERMS) return 'too large'
    for (const box of boxes) for (const other of others) if (this.meet(box, other) !== null) return 'open'
    return 'yes'
  }

  /** Boxes that hold every fact for which the form has one of these truth values; null beyond the budget. */
  terms(form: Form, truths: number): readonly Box[] | null {
    if (truths === 0) return []
    switch (form.kind) {
      case 'true':
        return truths & T ? [new Map()] : []
      case 'open':
        return [new Map()]
      case 'atom': {
        const set = (truths & T ? form.t : 0n) | (truths & F ? form.f : 0n) | (truths & U ? form.u : 0n)
        const box = this.narrow(new Map(), form.dimension, set)
        return box === null ? [] : [box]
      }
      case 'not':
        return this.terms(form.of, swapped(truths))
      case 'all':
        return this.#conjunction(form.of, truths, (part, wanted) => this.terms(part, wanted))
      case 'any':
        return this.#conjunction(form.of, swapped(truths), (part, wanted) => this.terms(part, swapped(wanted)))
    }
  }

  /** Terms of a conjunction: true where all are, false where one is, unknown where none is false and one unknown. */
  #conjunction(
    of: readonly Form[],
    truths: number,
    ask: (form: Form, truths: number) => readonly Box[] | null,
  ): readonly Box[] | null {
    const made: Box[] = []
    if (truths & F) {
      for (const part of of) {
        const terms = ask(part, F)
        if (terms === null || made.length + terms.length > MAX_TERMS) return null
        made.push(...terms)
      }
    }
    const rest = truths & (T | U)
    if (rest === 0) return made
    const whole = this.#product(of.map((part) => () => ask(part, rest === T ? T : T | U)))
    if (whole === null) return null
    if (rest !== U) return made.length + whole.length > MAX_TERMS ? null : [...made, ...whole]
    for (const part of of) {
      const terms = this.#product([() => whole, () => ask(part, U)])
      if (terms === null || made.length + terms.length > MAX_TERMS) return null
      made.push(...terms)
    }
    return made
  }

  #product(factors: readonly (() => readonly Box[] | null)[]): readonly Box[] | null {
    let product: readonly Box[] = [new Map()]
    for (const factor of factors) {
      const terms = factor()
      if (terms === null || product.length * terms.length > 16 * MAX_TERMS) return null
      product = product.flatMap((box) =>
        terms.flatMap((term) => {
          const both = this.meet(box, term)
          return both === null ? [] : [both]
        }),
      )
      if (product.length > MAX_TERMS) return null
    }
    return product
  }

  /** The intersection; null when no mail lies in it. */
  meet(a: Box, b: Box): Box | null {
    const [small, large] = a.size < b.size ? [a, b] : [b, a]
    const both = new Map(large)
    for (const [dimension, set] of small) both.set(dimension, set & (both.get(dimension) ?? this.free(dimension)))
    return this.#close(both)
  }

  /** The part of a box where a dimension lies in `set`; null when no mail lies in it. */
  narrow(box: Box, dimension: number, set: bigint): Box | null {
    const narrowed = new Map(box)
    narrowed.set(dimension, set & (box.get(dimension) ?? this.free(dimension)))
    return this.#close(narrowed)
  }

  /** Draws what follows from a box's own regions for its other dimensions. */
  #close(box: Map<number, bigint>): Box | null {
    for (const set of box.values()) if (set === 0n) return null
    if (box.size === 1 && !this.#directed) return this.#relations.alone(box) ? box : null
    return this.#relations.close(box, this.free, this.#directed) ? box : null
  }
}

function swapped(truths: number): number {
  return (truths & U) | (truths & T ? F : 0) | (truths & F ? T : 0)
}
