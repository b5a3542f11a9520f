/** Joins of values: each is commutative, associative and idempotent. */
import { byCode } from '../text/canonical.ts'

/** The later one of a scale from weak to strong. */
export function strongest<T extends string>(scale: readonly T[], a: T, b: T): T {
  return scale.indexOf(b) > scale.indexOf(a) ? b : a
}

/** As `strongest`, where undefined is weaker than everything. */
export function strongestOf<T extends string>(scale: readonly T[], a: T | undefined, b: T | undefined): T | undefined {
  return a === undefined ? b : b === undefined ? a : strongest(scale, a, b)
}

/** The smaller number, where undefined asks for nothing. */
export function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b)
}

/** Sorted union. */
export function unite(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length === 1 && (b.length === 0 || (b.length === 1 && a[0] === b[0]))) return a
  return [...new Set([...a, ...b])].sort(byCode)
}

export function uniteNumbers(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a === b || (a.length === b.length && a.every((one, i) => one === b[i] && (i === 0 || a[i - 1]! < one)))) return a
  return [...new Set([...a, ...b])].sort((x, y) => x - y)
}

/** What stands in both. */
export function intersect<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.filter((item) => b.includes(item))
}

/** A slot for one value: the highest layer decides; two values of one layer stay both and are a conflict. */
export interface Single {
  readonly rank: number
  readonly values: readonly string[]
}

export function single(value: string, rank: number): Single {
  return { rank, values: [value] }
}

export function joinSingle(a: Single, b: Single): Single {
  if (a.rank !== b.rank) return a.rank < b.rank ? a : b
  return { rank: a.rank, values: unite(a.values, b.values) }
}

export function joinOptional(a: Single | undefined, b: Single | undefined): Single | undefined {
  return a === undefined ? b : b === undefined ? a : joinSingle(a, b)
}

export function isConflict(slot: Single | undefined): boolean {
  return slot !== undefined && slot.values.length > 1
}
