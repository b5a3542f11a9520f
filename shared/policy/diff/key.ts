/** Texts that are equal where the meaning is. */
import { conditionKey } from '../analyse/universe.ts'
import type { ActionUse, Leaf, Rule, RuleSet } from '../ir.ts'
import { byCode, canonicalJson } from '../text/canonical.ts'
import { scopeOf } from './change.ts'

export function useKey({ definition, params }: ActionUse): string {
  return `${definition.name} ${canonicalJson(paramsKey(params))}`
}

/** Parameters without places: selectors by meaning, lists as sets. */
function paramsKey(value: unknown): unknown {
  if (Array.isArray(value)) return [...value.map((one) => canonicalJson(paramsKey(one)))].sort(byCode)
  if (typeof value !== 'object' || value === null) return value
  if ('leaves' in value) return conditionKey({ kind: 'all', of: (value as { leaves: readonly Leaf[] }).leaves })
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, paramsKey(one)]))
}

/** Branches with their conditions, in order; the actions of each without order. */
export function waysKey(rule: Rule): string {
  return canonicalJson([
    rule.branches.map((branch) => [conditionKey(branch.when), usesKey(branch.actions)]),
    usesKey(rule.else),
  ])
}

export function usesKey(uses: readonly ActionUse[]): string {
  return canonicalJson([...new Set(uses.map(useKey))].sort(byCode))
}

/** Of everything but its name. */
export function ruleKey(rule: Rule, set: RuleSet): string {
  const { mode, final, overridable, onUnknown } = rule
  return canonicalJson([
    set.layer,
    mode,
    final,
    overridable,
    onUnknown,
    conditionKey(scopeOf(set, rule.when)),
    waysKey(rule),
  ])
}
