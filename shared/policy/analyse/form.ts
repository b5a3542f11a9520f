/** Conditions over regions, and what they can be within a box. */

/** A sum of these: what a form can be somewhere in a box. */
export const T = 1
export const F = 2
export const U = 4

export type Form =
  | { readonly kind: 'true' }
  /** Cannot be told: any truth. */
  | { readonly kind: 'open' }
  | {
      readonly kind: 'atom'
      readonly dimension: number
      /** Regions where it is true, false, unknown. */
      readonly t: bigint
      readonly f: bigint
      readonly u: bigint
    }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Form[] }
  | { readonly kind: 'not'; readonly of: Form }

export type Atom = Extract<Form, { kind: 'atom' }>

export const TRUE: Form = { kind: 'true' }
export const OPEN: Form = { kind: 'open' }

export function atom(dimension: number, t: bigint, f: bigint, u: bigint): Form {
  return { kind: 'atom', dimension, t, f, u }
}

export function all(of: readonly Form[]): Form {
  const parts = of.filter((part) => part.kind !== 'true')
  return parts.length === 0 ? TRUE : parts.length === 1 ? parts[0]! : { kind: 'all', of: parts }
}

export function any(of: readonly Form[]): Form {
  return of.length === 1 ? of[0]! : { kind: 'any', of }
}

export function negation(of: Form): Form {
  if (of.kind === 'not') return of.of
  if (of.kind === 'atom') return { ...of, t: of.f, f: of.t }
  return { kind: 'not', of }
}

/** Regions a fact may lie in, by dimension; dimensions that are missing are free. */
export type Box = ReadonlyMap<number, bigint>

/** What a form can be in a box: a sum of T, F and U. Never too few; perhaps too many where one fact stands twice. */
export function possible(form: Form, box: Box, free: (dimension: number) => bigint): number {
  switch (form.kind) {
    case 'true':
      return T
    case 'open':
      return T | F | U
    case 'atom': {
      const set = box.get(form.dimension) ?? free(form.dimension)
      return ((set & form.t) !== 0n ? T : 0) | ((set & form.f) !== 0n ? F : 0) | ((set & form.u) !== 0n ? U : 0)
    }
    case 'not':
      return swap(possible(form.of, box, free))
    case 'all':
      return conjunction(form.of, (part) => possible(part, box, free))
    case 'any':
      return swap(conjunction(form.of, (part) => swap(possible(part, box, free))))
  }
}

function conjunction(of: readonly Form[], ask: (form: Form) => number): number {
  let canFail = false
  let allHold = true
  let allOpen = true
  let oneOpen = false
  for (const part of of) {
    const truth = ask(part)
    if (truth & F) canFail = true
    if (!(truth & T)) allHold = false
    if (!(truth & (T | U))) allOpen = false
    if (truth & U) oneOpen = true
    if (!allOpen) return F
  }
  return (allHold ? T : 0) | (canFail ? F : 0) | (allOpen && oneOpen ? U : 0)
}

function swap(truth: number): number {
  return (truth & U) | (truth & T ? F : 0) | (truth & F ? T : 0)
}
