/** By which keys a condition can be reached: what a mail must have for the condition not to be false for certain. */
import type { Slot } from '../facts.ts'
import type { Condition, Leaf, Test } from '../ir.ts'
import type { TenantLabels } from '../labels.ts'
import type { FieldDefinition, TypeName } from '../registry/field.ts'
import type { OperatorKeys } from '../registry/operator.ts'

/** Keys on one field; one of them must be met, or the field be unknown. */
export interface Keys {
  readonly of: 'keys'
  readonly slot: Slot
  readonly keys: readonly OperatorKeys[]
  /** How many there are. */
  readonly count: number
}

/** `all`: any one part will do. `any`: every part is needed. */
export type Access = Keys | { readonly of: 'all' | 'any'; readonly parts: readonly Access[] }

/** Values that tell nothing apart are no keys. */
const TOO_COMMON: readonly TypeName[] = ['boolean', 'time']
/** A longer list costs more memory than it saves time. */
const MAX_KEYS = 20_000

/** Null when the condition can only be tried. */
export function accessOf(condition: Condition, context: Context): Access | null {
  return walk(condition, false, context)
}

/** Joins ways to reach parts of a conjunction. */
export function anyOneOf(parts: readonly (Access | null)[]): Access | null {
  const known = parts.includes(null) ? parts.filter((part) => part !== null) : (parts as readonly Access[])
  return known.length > 1 ? { of: 'all', parts: known } : (known[0] ?? null)
}

/** Joins ways to reach parts of a disjunction: one that cannot be reached spoils it. */
export function eachOf(parts: readonly (Access | null)[]): Access | null {
  const known = parts.filter((part) => part !== null)
  if (known.length < parts.length || known.length === 0) return null
  return known.length === 1 ? known[0]! : { of: 'any', parts: known }
}

interface Context {
  readonly slots: { of(field: FieldDefinition, name: string): Slot }
  readonly labels: TenantLabels
}

function walk(condition: Condition, negated: boolean, context: Context): Access | null {
  switch (condition.kind) {
    case 'always':
      return null
    case 'not':
      return walk(condition.of, !negated, context)
    case 'all':
    case 'any': {
      const parts = condition.of.map((part) => walk(part, negated, context))
      return (condition.kind === 'all') === negated ? eachOf(parts) : anyOneOf(parts)
    }
    case 'leaf':
      return negated ? null : leafAccess(condition, context)
    case 'attachments':
      // Some attachment must meet the selector: `any`, or the opposite of `none`.
      return condition.quantifier === (negated ? 'none' : 'any') ? selectorAccess(condition.of.leaves, context) : null
  }
}

function selectorAccess(leaves: readonly Leaf[], context: Context): Access | null {
  const [only] = leaves
  return leaves.length === 1 && only
    ? leafAccess(only, context)
    : anyOneOf(leaves.map((leaf) => leafAccess(leaf, context)))
}

function leafAccess(leaf: Leaf, context: Context): Access | null {
  const { field, tests } = leaf
  if (field.atLeast || TOO_COMMON.includes(field.type)) return null
  const [only] = tests
  return tests.length === 1 && only
    ? testAccess(leaf, only, context)
    : anyOneOf(tests.map((test) => testAccess(leaf, test, context)))
}

function testAccess(leaf: Leaf, { operator, operand }: Test, { slots, labels }: Context): Keys | null {
  if (operator.every || operator.absent?.(operand)) return null
  const keys = operator.keys?.(operand, leaf.field, labels)
  if (!keys) return null
  let count = 0
  for (let i = 0; i < keys.length; i++) count += keys[i]!.values.length
  return count > MAX_KEYS ? null : { of: 'keys', slot: slots.of(leaf.field, leaf.name), keys, count }
}
