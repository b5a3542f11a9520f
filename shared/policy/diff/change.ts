import type { PolicyInput } from '../../domain/index.ts'
import type { Condition, RuleSet } from '../ir.ts'
import type { Policy } from '../policy.ts'

/** How the mail to which something applies changed. `changed`: neither wider nor narrower, or too large to tell. */
export type Relation = 'same' | 'wider' | 'narrower' | 'changed'

/** Changes that let mail out, or stop it, where that was not so before: they want a second look. */
export type Flag = 'wider-on-reject' | 'narrower-on-protect'

export interface Change {
  readonly kind: 'rule' | 'exception' | 'guarantee' | 'list' | 'set' | 'policy'
  readonly id: string
  /** File that holds it now, or held it. */
  readonly file: string
  readonly what: 'added' | 'removed' | 'renamed' | 'condition' | 'actions' | 'mode' | 'layer' | 'setting' | 'entries'
  readonly relation?: Exclude<Relation, 'same'>
  /** Before and after in the policy's own words. */
  readonly before?: string
  readonly after?: string
  readonly flags: readonly Flag[]
  /** A mail that only one of the two applies to. */
  readonly mail?: PolicyInput
}

/** Something of a rule set, and the set. */
export interface Placed<X> {
  readonly item: X
  readonly set: RuleSet
}

/** By id. */
export function placed<X extends { readonly id: string }>(
  policy: Policy,
  items: (set: RuleSet) => readonly X[],
): ReadonlyMap<string, Placed<X>> {
  return new Map(policy.ruleSets.flatMap((set) => items(set).map((item) => [item.id, { item, set }] as const)))
}

/** When something of a set applies: what the set asks of the sender counts as well. */
export function scopeOf(set: RuleSet, when: Condition): Condition {
  return set.appliesTo.kind === 'always' ? when : { kind: 'all', of: [set.appliesTo, when] }
}
