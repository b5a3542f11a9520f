/** What changed in meaning between two policies. Order, layout, comments and other ways to write the same give nothing. */
import type { PolicyInput } from '../../domain/index.ts'
import { Boxes } from '../analyse/boxes.ts'
import { type Box, F, type Form, T, U } from '../analyse/form.ts'
import { minimal } from '../analyse/minimal.ts'
import { conditionKey, testKey, Universe } from '../analyse/universe.ts'
import { insideOne, mailIn } from '../analyse/witness.ts'
import type { ActionUse, Condition, Exception, Guarantee, Leaf, Rule, RuleSet } from '../ir.ts'
import type { Policy } from '../policy.ts'
import { byCode, canonicalJson } from '../text/canonical.ts'

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

interface Placed<X> {
  readonly item: X
  readonly set: RuleSet
}

export function diffPolicies(before: Policy, after: Policy): readonly Change[] {
  const compare = new Compare(before, after)
  return [
    ...settings(before, after),
    ...sets(before, after),
    ...lists(before, after),
    ...compare.rules(),
    ...compare.exceptions(),
    ...compare.guarantees(),
  ]
}

class Compare {
  readonly #before: Policy
  readonly #after: Policy

  constructor(before: Policy, after: Policy) {
    this.#before = before
    this.#after = after
  }

  rules(): readonly Change[] {
    const [old, now] = [this.#before, this.#after].map((policy) => placed(policy, (set) => set.rules))
    const renamed = new Map<string, string>()
    const gone = [...old!.values()].filter(({ item }) => !now!.has(item.id))
    const changes: Change[] = []
    for (const { item, set } of now!.values()) {
      const known = old!.get(item.id)
      if (known) {
        changes.push(...this.#rule(known, { item, set }))
        continue
      }
      const key = ruleKey(item, set)
      const twin = gone.find((one) => !renamed.has(one.item.id) && ruleKey(one.item, one.set) === key)
      const common = { kind: 'rule', id: item.id, file: set.file } as const
      if (twin) {
        renamed.set(twin.item.id, item.id)
        changes.push({ ...common, what: 'renamed', before: twin.item.id, after: item.id, flags: [] })
      } else changes.push({ ...common, what: 'added', flags: active(item) && stops(item) ? ['wider-on-reject'] : [] })
    }
    for (const { item, set } of gone) {
      if (renamed.has(item.id)) continue
      const flags: Flag[] = active(item) && protects(item) ? ['narrower-on-protect'] : []
      changes.push({ kind: 'rule', id: item.id, file: set.file, what: 'removed', flags })
    }
    return changes
  }

  #rule(old: Placed<Rule>, now: Placed<Rule>): readonly Change[] {
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
    const { relation, mail } = this.#relate(scopeOf(old.set, was.when), scopeOf(set, is.when))
    if (relation !== 'same') {
      const grown = relation !== 'narrower'
      const shrunk = relation !== 'wider'
      const flags: Flag[] = [
        ...(grown && active(is) && stops(is) ? (['wider-on-reject'] as const) : []),
        ...(shrunk && active(is) && protects(is) ? (['narrower-on-protect'] as const) : []),
      ]
      changes.push({ ...common, what: 'condition', relation, flags, ...(mail ? { mail } : {}) })
    }
    if (!this.#sameWays(was, is)) {
      const flags: Flag[] = [
        ...(active(is) && lost(was, is) ? (['narrower-on-protect'] as const) : []),
        ...(active(is) && stops(is) && !stops(was) ? (['wider-on-reject'] as const) : []),
      ]
      changes.push({ ...common, what: 'actions', before: actionsText(was), after: actionsText(is), flags })
    }
    return changes
  }

  /** The same branches in the same order, whatever the words of their conditions. */
  #sameWays(was: Rule, is: Rule): boolean {
    if (waysKey(was) === waysKey(is)) return true
    return (
      was.branches.length === is.branches.length &&
      usesKey(was.else) === usesKey(is.else) &&
      was.branches.every((branch, index) => {
        const other = is.branches[index]!
        return (
          usesKey(branch.actions) === usesKey(other.actions) &&
          this.#relate(branch.when, other.when).relation === 'same'
        )
      })
    )
  }

  exceptions(): readonly Change[] {
    const [old, now] = [this.#before, this.#after].map((policy) => placed(policy, (set) => set.exceptions))
    const changes: Change[] = []
    for (const { item, set } of now!.values()) {
      const known = old!.get(item.id)
      const common = { kind: 'exception', id: item.id, file: set.file } as const
      if (!known) {
        changes.push({ ...common, what: 'added', flags: ['narrower-on-protect'] })
        continue
      }
      const { relation, mail } = this.#relate(scopeOf(known.set, known.item.when), scopeOf(set, item.when))
      if (relation !== 'same') {
        const flags: Flag[] = relation === 'narrower' ? [] : ['narrower-on-protect']
        changes.push({ ...common, what: 'condition', relation, flags, ...(mail ? { mail } : {}) })
      }
      const [a, b] = [exceptionText(known.item), exceptionText(item)]
      if (a !== b) changes.push({ ...common, what: 'setting', before: a, after: b, flags: ['narrower-on-protect'] })
    }
    for (const { item, set } of old!.values())
      if (!now!.has(item.id))
        changes.push({ kind: 'exception', id: item.id, file: set.file, what: 'removed', flags: [] })
    return changes
  }

  guarantees(): readonly Change[] {
    const [old, now] = [this.#before, this.#after].map((policy) => placed(policy, (set) => set.guarantees))
    const changes: Change[] = []
    for (const { item, set } of now!.values()) {
      const known = old!.get(item.id)
      const common = { kind: 'guarantee', id: item.id, file: set.file } as const
      if (!known) {
        changes.push({ ...common, what: 'added', flags: [] })
        continue
      }
      const { relation, mail } = this.#relate(scopeOf(known.set, known.item.when), scopeOf(set, item.when))
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

  /** How the mail for which a condition is certainly true changed; a difference only in doubt is `changed`. */
  #relate(old: Condition, now: Condition): { readonly relation: Relation; readonly mail?: PolicyInput } {
    const labels = this.#after.tenantLabels
    const sameLabels = canonicalJson(this.#before.labels) === canonicalJson(this.#after.labels)
    if (sameLabels && canonicalJson(conditionKey(old)) === canonicalJson(conditionKey(now))) return { relation: 'same' }
    const universe = new Universe([old, now], labels)
    const boxes = new Boxes(universe)
    const directed = new Boxes(universe, { directed: true })
    const [a, b] = [universe.form(old), universe.form(now)]
    const [grows, shrinks] = [boxes.implies(a, b), boxes.implies(b, a)]
    if (grows === 'yes' && shrinks === 'yes') return { relation: this.#sameDoubt(boxes, a, b) ? 'same' : 'changed' }
    if (grows === 'yes') return { relation: 'wider', ...this.#only(directed, b, a) }
    if (shrinks === 'yes') return { relation: 'narrower', ...this.#only(directed, a, b) }
    return { relation: 'changed', ...this.#only(directed, b, a) }
  }

  #sameDoubt(boxes: Boxes, a: Form, b: Form): boolean {
    const within = (one: Form, other: Form) => boxes.within(boxes.terms(one, T | U), other, T | U) === 'yes'
    return within(a, b) && within(b, a)
  }

  /** A mail for which the first is true and the second is not. */
  #only(boxes: Boxes, one: Form, other: Form): { readonly mail?: PolicyInput } {
    const [holds, fails] = [boxes.terms(one, T), boxes.terms(other, F | U)]
    const found = (holds ?? []).flatMap((a) =>
      (fails ?? []).flatMap((b) => {
        const both: Box | null = boxes.meet(a, b)
        return both === null ? [] : [both]
      }),
    )
    const ours = this.#after.ruleSets.map(({ owner }) => /@([^@\s]+)$/.exec(owner)?.[1]).find(Boolean) ?? 'ours.example'
    // Facts that are known make the plainer example.
    for (const truths of [F, F | U]) {
      const second = boxes.terms(other, truths) ?? []
      for (const box of found.slice(0, 16)) {
        const mail = mailIn(boxes, box, { ours })
        if (!mail) continue
        const holdsFor = (tried: PolicyInput) => insideOne(boxes, holds ?? [], tried) && insideOne(boxes, second, tried)
        if (holdsFor(mail)) return { mail: minimal(mail, this.#after.tenantLabels, { ours }, holdsFor) }
      }
    }
    return {}
  }
}

function scopeOf(set: RuleSet, when: Condition): Condition {
  return set.appliesTo.kind === 'always' ? when : { kind: 'all', of: [set.appliesTo, when] }
}

function placed<X extends { readonly id: string }>(
  policy: Policy,
  items: (set: RuleSet) => readonly X[],
): ReadonlyMap<string, Placed<X>> {
  return new Map(policy.ruleSets.flatMap((set) => items(set).map((item) => [item.id, { item, set }] as const)))
}

function settings(before: Policy, after: Policy): readonly Change[] {
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
function sets(before: Policy, after: Policy): readonly Change[] {
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

function lists(before: Policy, after: Policy): readonly Change[] {
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

function useKey({ definition, params }: ActionUse): string {
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
function waysKey(rule: Rule): string {
  return canonicalJson([
    rule.branches.map((branch) => [conditionKey(branch.when), usesKey(branch.actions)]),
    usesKey(rule.else),
  ])
}

function usesKey(uses: readonly ActionUse[]): string {
  return canonicalJson([...new Set(uses.map(useKey))].sort(byCode))
}

function ruleKey(rule: Rule, set: RuleSet): string {
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

function actionsText(rule: Rule): string {
  const words = (uses: readonly ActionUse[]) =>
    uses.map(({ definition, params }) => `${definition.name} ${shown(params)}`.trim()).join('; ')
  const parts = rule.branches.map((branch, index) =>
    rule.choose ? `choose[${index}]: ${words(branch.actions)}` : words(branch.actions),
  )
  return [...parts, ...(rule.else.length > 0 ? [`else: ${words(rule.else)}`] : [])].join(' | ')
}

/** Parameters in one line, selectors in the words of the rule. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if ('leaves' in value)
    return `{${(value as { leaves: readonly Leaf[] }).leaves.map((leaf) => `${leaf.name} ${leaf.tests.map((test) => testKey(test, leaf.field)).join(' ')}`).join(', ')}}`
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return entries.length === 0 ? '' : `{${entries.map(([key, one]) => `${key}: ${shown(one)}`).join(', ')}}`
}

function exceptionText({ rule, expires, actions }: Exception): string {
  return `rule: ${rule}, expires: ${new Date(expires).toISOString()}, actions: ${[...actions].sort(byCode).join(', ') || 'all'}`
}

function guaranteeText({ protectedBy, signedBy, orOutcome, onViolation }: Guarantee): string {
  const list = (values: readonly string[]) => [...values].sort(byCode).join(', ')
  return `protectedBy: [${list(protectedBy)}], signedBy: [${list(signedBy)}], orOutcome: [${list(orOutcome)}], onViolation: ${onViolation}`
}
