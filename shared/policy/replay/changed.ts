/** What differs between two policies, rule by rule: equal rules need not be tried again. */
import type { Condition, Guarantee, Rule, RuleSet } from '../ir.ts'
import type { Policy } from '../policy.ts'
import { byCode, canonicalJson } from '../text/canonical.ts'

export interface Changes {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Rules of one id and two meanings. */
  readonly changed: readonly string[]
  readonly guarantees: readonly string[]
  readonly exceptions: readonly string[]
  /** Settings of the whole policy that differ: each can change any decision. */
  readonly settings: readonly ('labels' | 'preference' | 'order' | 'owner')[]
}

export function changesBetween(before: Policy, after: Policy): Changes {
  const rules = compare(rulesIn(before), rulesIn(after))
  const guarantees = compare(guaranteesIn(before), guaranteesIn(after))
  const exceptions = compare(exceptionsIn(before), exceptionsIn(after))
  const settings = {
    labels: ({ labels, tenantLabels }: Policy) => [labels.map(({ id }) => id), tenantLabels.default.id],
    preference: ({ preference }: Policy) => preference,
    order: ({ order }: Policy) => order,
    // Who approves what no rule names an approver for.
    owner: ({ sets }: Policy) => sets[0]?.owner,
  }
  return {
    ...rules,
    guarantees: Object.values(guarantees).flat().sort(byCode),
    exceptions: Object.values(exceptions).flat().sort(byCode),
    settings: (Object.keys(settings) as (keyof typeof settings)[]).filter(
      (name) => canonicalJson(settings[name](before)) !== canonicalJson(settings[name](after)),
    ),
  }
}

function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const ids = (of: ReadonlyMap<string, string>, which: (id: string) => boolean) =>
    [...of.keys()].filter(which).sort(byCode)
  return {
    added: ids(after, (id) => !before.has(id)),
    removed: ids(before, (id) => !after.has(id)),
    changed: ids(after, (id) => before.has(id) && before.get(id) !== after.get(id)),
  }
}

const inSets = <T extends { readonly id: string }>(
  { ruleSets }: Policy,
  pick: (set: RuleSet) => readonly T[],
  describe: (one: T, set: RuleSet) => unknown,
): ReadonlyMap<string, string> =>
  new Map(ruleSets.flatMap((set) => pick(set).map((one) => [one.id, text(describe(one, set))] as const)))

const rulesIn = (policy: Policy) =>
  inSets(
    policy,
    (set) => set.rules.filter(({ mode }) => mode !== 'disabled'),
    ({ id: _, title: __, ...rule }: Rule, { layer, owner, appliesTo }) => [rule, layer, owner, appliesTo],
  )

const guaranteesIn = (policy: Policy) =>
  inSets(
    policy,
    (set) => (set.mode === 'disabled' ? [] : set.guarantees),
    ({ id: _, ...guarantee }: Guarantee, { mode, owner, appliesTo }) => [guarantee, mode, owner, appliesTo],
  )

const exceptionsIn = (policy: Policy) =>
  inSets(
    policy,
    (set) => (set.mode === 'enforce' ? set.exceptions : []),
    ({ reason: _, owner: __, ...exception }, { appliesTo }) => [exception, appliesTo],
  )

/** A typed form as text: definitions by their names, without places and without how things were written. */
function text(value: unknown): string {
  return canonicalJson(plainOf(value))
}

function plainOf(value: unknown): unknown {
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plainOf)
  if (value instanceof Set) return { set: [...value].map(plainOf) }
  if (value instanceof Map) return { map: [...value].map(plainOf) }
  if (isLeaf(value))
    return { leaf: value.name, tests: value.tests.map(({ operator, operand }) => [operator.name, plainOf(operand)]) }
  if (isUse(value)) return { use: value.definition.name, params: plainOf(value.params) }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'at')
      .map(([key, member]) => [key, plainOf(member)]),
  )
}

const isLeaf = (value: object): value is Extract<Condition, { kind: 'leaf' }> =>
  'kind' in value && value.kind === 'leaf'
const isUse = (value: object): value is Rule['else'][number] => 'definition' in value && 'params' in value
