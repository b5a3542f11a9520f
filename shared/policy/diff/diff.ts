import type { Policy } from '../policy.ts'
import { completed, type Steps } from '../steps.ts'
import type { Change } from './change.ts'
import { diffExceptions, diffGuarantees } from './clauses.ts'
import { diffLists, diffSets, diffSettings } from './frame.ts'
import { Relate } from './relate.ts'
import { diffRules } from './rules.ts'

/** What changed in meaning between two policies. Order, layout, comments and other ways to write the same give nothing. */
export function diffPolicies(before: Policy, after: Policy): readonly Change[] {
  return completed(diffing(before, after))
}

/** The same in steps: a thousand rules with other conditions take seconds. */
export function* diffing(before: Policy, after: Policy): Steps<readonly Change[]> {
  const relate = new Relate(before, after)
  return [
    ...diffSettings(before, after),
    ...diffSets(before, after),
    ...diffLists(before, after),
    ...(yield* diffRules(before, after, relate)),
    ...(yield* diffExceptions(before, after, relate)),
    ...(yield* diffGuarantees(before, after, relate)),
  ]
}
