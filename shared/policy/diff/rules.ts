import type { ActionUse, Rule } from '../ir.ts'
import type { Policy } from '../policy.ts'
import type { Steps } from '../steps.ts'
import { type Change, type Flag, type Placed, placed, scopeOf } from './change.ts'
import { ruleKey, useKey, usesKey, waysKey } from './key.ts'
import type { Relate } from './relate.ts'
import { actionsText } from './words.ts'

/** Rules by id; one that only has another name is renamed. */
export function* diffRules(before: Policy, after: Policy, relate: Relate): Steps<readonly Change[]> {
  const [old, now] = [before, after].map((policy) => placed(policy, (set) => set.rules))
  const renamed = new Set<string>()
  const gone = new Map<string, Rule[]>()
  for (const { item, set } of old!.values()) {
    if (now!.has(item.id)) continue
    yield
    const key = ruleKey(item, set)
    gone.set(key, [...(gone.get(key) ?? []), item])
  }
  const changes: Change[] = []
  for (const { item, set } of now!.values()) {
    yield
    const known = old!.get(item.id)
    if (known) {
      changes.push(...diffRule(known, { item, set }, relate))
      continue
    }
    const twin = gone.size > 0 ? gone.get(ruleKey(item, set))?.shift() : undefined
    const common = { kind: 'rule', id: item.id, file: set.file } as const
    if (twin) {
      renamed.add(twin.id)
      changes.push({ ...common, what: 'renamed', before: twin.id, after: item.id, flags: [] })
    } else changes.push({ ...common, what: 'added', flags: active(item) && stops(item) ? ['wider-on-reject'] : [] })
  }
  for (const { item, set } of old!.values()) {
    if (now!.has(item.id) || renamed.has(item.id)) continue
    const flags: Flag[] = active(item) && protects(item) ? ['narrower-on-protect'] : []
    changes.push({ kind: 'rule', id: item.id, file: set.file, what: 'removed', flags })
  }
  return changes
}

function diffRule(old: Placed<Rule>, now: Placed<Rule>, relate: Relate): readonly Change[] {
  const { item, set } = now
  const common = { kind: 'rule', id: item.id, file: set.file } as const
  const changes: Change[] = []
  const [was, is] = [old.item, item]
  if (was.mode !== is.mode) {
    const weaker = was.mode === 'enforce'
    const stronger = is.mode === 'enforce'
    const flags: Flag[] = [
      ...(weaker && protects(was) ? (['narrower-on-protect'] as const) : []),
      ...(stronger && stops(is) ? (['wider-on-reject'] as const) : []),
    ]
    changes.push({ ...common, what: 'mode', before: was.mode, after: is.mode, flags })
  }
  if (old.set.layer !== set.layer)
    changes.push({ ...common, what: 'layer', before: old.set.layer, after: set.layer, flags: [] })
  for (const key of ['final', 'overridable', 'onUnknown'] as const) {
    if (was[key] === is[key]) continue
    const loosens =
      (key === 'overridable' && is.overridable) ||
      (key === 'onUnknown' && is.onUnknown === 'skip') ||
      (key === 'final' && was.final)
    const flags: Flag[] = loosens && protects(is) ? ['narrower-on-protect'] : []
    changes.push({ ...common, what: 'setting', before: `${key}: ${was[key]}`, after: `${key}: ${is[key]}`, flags })
  }
  const { relation, mail } = relate.conditions(scopeOf(old.set, was.when), scopeOf(set, is.when))
  if (relation !== 'same') {
    const grown = relation !== 'narrower'
    const shrunk = relation !== 'wider'
    const flags: Flag[] = [
      ...(grown && active(is) && stops(is) ? (['wider-on-reject'] as const) : []),
      ...(shrunk && active(is) && protects(is) ? (['narrower-on-protect'] as const) : []),
    ]
    changes.push({ ...common, what: 'condition', relation, flags, ...(mail ? { mail } : {}) })
  }
  if (!sameWays(was, is, relate)) {
    const flags: Flag[] = [
      ...(active(is) && lost(was, is) ? (['narrower-on-protect'] as const) : []),
      ...(active(is) && stops(is) && !stops(was) ? (['wider-on-reject'] as const) : []),
    ]
    changes.push({ ...common, what: 'actions', before: actionsText(was), after: actionsText(is), flags })
  }
  return changes
}

/** The same branches in the same order, whatever the words of their conditions. */
function sameWays(was: Rule, is: Rule, relate: Relate): boolean {
  if (waysKey(was) === waysKey(is)) return true
  return (
    was.branches.length === is.branches.length &&
    usesKey(was.else) === usesKey(is.else) &&
    was.branches.every((branch, index) => {
      const other = is.branches[index]!
      return (
        usesKey(branch.actions) === usesKey(other.actions) &&
        relate.conditions(branch.when, other.when).relation === 'same'
      )
    })
  )
}

function active(rule: Rule): boolean {
  return rule.mode === 'enforce'
}

function usesOf(rule: Rule): readonly ActionUse[] {
  return [...rule.branches.flatMap((branch) => branch.actions), ...rule.else]
}

function stops(rule: Rule): boolean {
  return usesOf(rule).some((use) => use.definition.phase === 'gate')
}

/** Protecting, or keeping the mail from leaving as it is. */
function protects(rule: Rule): boolean {
  return usesOf(rule).some((use) => use.definition.restrictive && use.definition.name !== 'route')
}

/** A restrictive action that is no longer there, or is there with other parameters. */
function lost(was: Rule, is: Rule): boolean {
  const now = new Set(usesOf(is).map(useKey))
  return usesOf(was).some(
    (use) => use.definition.restrictive && use.definition.name !== 'route' && !now.has(useKey(use)),
  )
}
