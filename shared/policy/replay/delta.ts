/** Finds the mails that a change can concern at all: for every other one the decision is equal by construction. */

import type { PolicyInput } from '../../domain/index.ts'
import { compileCondition, every, type Predicate, Slots } from '../compile.ts'
import { Facts, messageCache } from '../facts.ts'
import type { Condition, RuleSet } from '../ir.ts'
import { candidatesOf } from '../match/matching.ts'
import { compilingPolicy, type Policy } from '../policy.ts'
import { completed } from '../steps.ts'
import type { Changes } from './changed.ts'

/** Actions that add destinations, to which guarantees hold as well. */
const DESTINATIONS = ['bcc', 'archive', 'api', 'notify', 'route', 'deliverTo', 'incident']

/** Whether one of the changes may have an effect on this mail; true in doubt. */
export function concernedBy(changes: Changes, before: Policy, after: Policy): (input: PolicyInput) => boolean {
  const { added, removed, changed, guarantees, exceptions, settings } = changes
  const count = added.length + removed.length + changed.length + guarantees.length + exceptions.length
  if (settings.length > 0) return () => true
  if (count === 0) return () => false
  // A changed guarantee can catch a destination that is no recipient of the mail.
  if (guarantees.length > 0 && [before, after].some(addsDestinations)) return () => true

  const only = (policy: Policy, ids: readonly string[]): readonly RuleSet[] => {
    const wanted = new Set(ids)
    return policy.ruleSets.map((set) => ({
      ...set,
      rules: set.rules.filter(({ id }) => wanted.has(id)),
      exceptions: [],
      guarantees: [],
    }))
  }
  const rules = completed(
    compilingPolicy([...only(before, [...removed, ...changed]), ...only(after, [...added, ...changed])], before),
  )
  const slots = new Slots()
  const others = [
    ...predicates([before, after], (set) => set.guarantees, new Set(guarantees), slots),
    ...predicates([before, after], (set) => set.exceptions, new Set(exceptions), slots),
  ]
  return (input) => {
    const cache = messageCache()
    const otherCache = messageCache()
    return input.recipients.some(
      (recipient) =>
        candidatesOf(rules, new Facts(input, recipient, before.tenantLabels, cache)).length > 0 ||
        (others.length > 0 && holds(others, new Facts(input, recipient, before.tenantLabels, otherCache))),
    )
  }
}

function predicates(
  policies: readonly Policy[],
  pick: (set: RuleSet) => readonly { readonly id: string; readonly when: Condition }[],
  ids: ReadonlySet<string>,
  slots: Slots,
): Predicate[] {
  return policies.flatMap(({ ruleSets }) =>
    ruleSets.flatMap((set) =>
      pick(set)
        .filter(({ id }) => ids.has(id))
        .map(({ when }) => every([compileCondition(set.appliesTo, slots), compileCondition(when, slots)])),
    ),
  )
}

const holds = (conditions: readonly Predicate[], facts: Facts) => conditions.some((when) => when(facts) !== false)

function addsDestinations({ ruleSets }: Policy): boolean {
  return ruleSets.some(({ rules }) =>
    rules.some(({ branches, else: otherwise }) =>
      [...branches.flatMap(({ actions }) => actions), ...otherwise].some(({ definition }) =>
        DESTINATIONS.includes(definition.name),
      ),
    ),
  )
}
