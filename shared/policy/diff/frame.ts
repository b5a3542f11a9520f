/** What stands around the rules: settings of the tenant, the sets themselves, their lists. */
import type { Policy } from '../policy.ts'
import { byCode, canonicalJson } from '../text/canonical.ts'
import type { Change } from './change.ts'

export function diffSettings(before: Policy, after: Policy): readonly Change[] {
  const shown = (policy: Policy) => ({
    labels: `${policy.labels.map(({ id }) => id).join(' < ')}, default ${policy.tenantLabels.default.id}`,
    preference: policy.preference.join(', '),
    order: policy.order.join(', '),
  })
  const [a, b] = [shown(before), shown(after)]
  const file = after.sets[0]?.file ?? ''
  return (['labels', 'preference', 'order'] as const).flatMap((id) =>
    a[id] === b[id]
      ? []
      : [{ kind: 'policy' as const, id, file, what: 'setting' as const, before: a[id], after: b[id], flags: [] }],
  )
}

/** Sets that come, go or change layer or mode; their rules are told apart on their own. */
export function diffSets(before: Policy, after: Policy): readonly Change[] {
  const old = new Map(before.ruleSets.map((set) => [set.name, set]))
  const now = new Map(after.ruleSets.map((set) => [set.name, set]))
  const changes: Change[] = []
  for (const set of now.values()) {
    const known = old.get(set.name)
    const common = { kind: 'set', id: set.name, file: set.file, flags: [] } as const
    if (!known) changes.push({ ...common, what: 'added' })
    else {
      if (known.mode !== set.mode) changes.push({ ...common, what: 'mode', before: known.mode, after: set.mode })
      if (known.layer !== set.layer) changes.push({ ...common, what: 'layer', before: known.layer, after: set.layer })
      if (known.owner !== set.owner)
        changes.push({ ...common, what: 'setting', before: `owner: ${known.owner}`, after: `owner: ${set.owner}` })
    }
  }
  for (const set of old.values())
    if (!now.has(set.name)) changes.push({ kind: 'set', id: set.name, file: set.file, what: 'removed', flags: [] })
  return changes
}

export function diffLists(before: Policy, after: Policy): readonly Change[] {
  const old = new Map(before.ruleSets.map((set) => [set.name, set.lists]))
  return after.ruleSets.flatMap((set) =>
    [...set.lists].flatMap(([name, list]): Change[] => {
      const known = old.get(set.name)?.get(name)
      if (!known) return []
      const added = list.values.filter((value) => !known.values.includes(value)).sort(byCode)
      const removed = known.values.filter((value) => !list.values.includes(value)).sort(byCode)
      const [was, is] = [known.source, list.source].map((source) => (source ? canonicalJson(source) : ''))
      if (was !== is) {
        return [
          {
            kind: 'list',
            id: `${set.name}/${name}`,
            file: set.file,
            what: 'setting',
            before: was!,
            after: is!,
            flags: [],
          },
        ]
      }
      if (added.length + removed.length === 0) return []
      return [
        {
          kind: 'list',
          id: `${set.name}/${name}`,
          file: set.file,
          what: 'entries',
          ...(removed.length > 0 ? { before: removed.join(', ') } : {}),
          ...(added.length > 0 ? { after: added.join(', ') } : {}),
          flags: [],
        },
      ]
    }),
  )
}
