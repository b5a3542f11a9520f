import type { Guarantee } from '../ir.ts'
import type { Policy } from '../policy.ts'
import type { Steps } from '../steps.ts'
import { type Change, type Flag, placed, scopeOf } from './change.ts'
import type { Relate } from './relate.ts'
import { exceptionText, guaranteeText } from './words.ts'

export function* diffExceptions(before: Policy, after: Policy, relate: Relate): Steps<readonly Change[]> {
  const [old, now] = [before, after].map((policy) => placed(policy, (set) => set.exceptions))
  const changes: Change[] = []
  for (const { item, set } of now!.values()) {
    yield
    const known = old!.get(item.id)
    const common = { kind: 'exception', id: item.id, file: set.file } as const
    if (!known) {
      changes.push({ ...common, what: 'added', flags: ['narrower-on-protect'] })
      continue
    }
    const { relation, mail } = relate.conditions(scopeOf(known.set, known.item.when), scopeOf(set, item.when))
    if (relation !== 'same') {
      const flags: Flag[] = relation === 'narrower' ? [] : ['narrower-on-protect']
      changes.push({ ...common, what: 'condition', relation, flags, ...(mail ? { mail } : {}) })
    }
    const [a, b] = [exceptionText(known.item), exceptionText(item)]
    if (a !== b) changes.push({ ...common, what: 'setting', before: a, after: b, flags: ['narrower-on-protect'] })
  }
  for (const { item, set } of old!.values())
    if (!now!.has(item.id)) changes.push({ kind: 'exception', id: item.id, file: set.file, what: 'removed', flags: [] })
  return changes
}

export function* diffGuarantees(before: Policy, after: Policy, relate: Relate): Steps<readonly Change[]> {
  const [old, now] = [before, after].map((policy) => placed(policy, (set) => set.guarantees))
  const changes: Change[] = []
  for (const { item, set } of now!.values()) {
    yield
    const known = old!.get(item.id)
    const common = { kind: 'guarantee', id: item.id, file: set.file } as const
    if (!known) {
      changes.push({ ...common, what: 'added', flags: [] })
      continue
    }
    const { relation, mail } = relate.conditions(scopeOf(known.set, known.item.when), scopeOf(set, item.when))
    if (relation !== 'same') {
      const flags: Flag[] = relation === 'wider' ? [] : ['narrower-on-protect']
      changes.push({ ...common, what: 'condition', relation, flags, ...(mail ? { mail } : {}) })
    }
    const [a, b] = [guaranteeText(known.item), guaranteeText(item)]
    if (a !== b)
      changes.push({
        ...common,
        what: 'setting',
        before: a,
        after: b,
        flags: weakened(known.item, item) ? ['narrower-on-protect'] : [],
      })
  }
  for (const { item, set } of old!.values())
    if (!now!.has(item.id))
      changes.push({
        kind: 'guarantee',
        id: item.id,
        file: set.file,
        what: 'removed',
        flags: ['narrower-on-protect'],
      })
  return changes
}

function weakened(was: Guarantee, is: Guarantee): boolean {
  const more = (a: readonly string[], b: readonly string[]) => b.some((one) => !a.includes(one))
  const dropped =
    (was.protectedBy.length > 0 && is.protectedBy.length === 0) || (was.signedBy.length > 0 && is.signedBy.length === 0)
  return (
    dropped ||
    more(was.orOutcome, is.orOutcome) ||
    (was.protectedBy.length > 0 && more(was.protectedBy, is.protectedBy)) ||
    (was.signedBy.length > 0 && more(was.signedBy, is.signedBy)) ||
    was.onViolation !== is.onViolation
  )
}
