/** What can only be checked across rule sets: ids, exceptions, single-valued slots. */
import { type Diagnostic, Findings, type Position } from './diagnostic.ts'
import type { ActionUse, Rule, RuleSet } from './ir.ts'
import { LAYERS } from './layer.ts'
import type { Steps } from './steps.ts'
import { byCode, canonicalJson } from './text/canonical.ts'
import { nearest } from './text/nearest.ts'

interface Placed {
  readonly rule: Rule
  readonly set: RuleSet
}

/** Adds findings to `list`, stopping between checks. */
export function* checkLinks(sets: readonly RuleSet[], list: Diagnostic[]): Steps<void> {
  checkIds(sets, list)
  yield
  if (sets.some((set) => set.exceptions.length > 0)) checkExceptions(sets, list)
  yield
  checkSingleValues(sets, list)
}

/** Ids are unique in the whole policy: reasons and audit name a rule by its id alone. */
function checkIds(sets: readonly RuleSet[], list: Diagnostic[]): void {
  const names = new Map<string, string>()
  for (const { file, name } of sets) {
    const first = names.get(name)
    if (first === undefined) names.set(name, file)
    else new Findings(file, list).add('duplicate-set', { line: 1, column: 1 }, { name, detail: first })
  }
  if (!areDistinct(sets.flatMap(namedIn))) reportDoubles(sets, list)
}

/** Lists in order of which each begins behind the end of another, such as a bundle has, need no set of all ids. */
function areDistinct(lists: readonly Named[]): boolean {
  let before = ''
  const inOrder = lists
    .filter((list) => list.length > 0)
    .sort((a, b) => byCode(a[0]!.id, b[0]!.id))
    .every((list) =>
      list.every(({ id }) => {
        const ordered = before < id
        before = id
        return ordered
      }),
    )
  const ids = inOrder ? [] : lists.flatMap((list) => list.map(({ id }) => id))
  return new Set(ids).size === ids.length
}

function reportDoubles(sets: readonly RuleSet[], list: Diagnostic[]): void {
  const taken = new Map<string, string>()
  for (const set of sets) {
    const findings = new Findings(set.file, list)
    for (const { id, at } of namedIn(set).flat()) {
      const other = taken.get(id)
      if (other === undefined) taken.set(id, `${set.file}:${at.line}`)
      else findings.add('duplicate-rule', at, { name: id, detail: other })
    }
  }
}

type Named = readonly { readonly id: string; readonly at: Position }[]

const namedIn = (set: RuleSet): readonly Named[] => [set.rules, set.exceptions, set.guarantees]

function checkExceptions(sets: readonly RuleSet[], list: Diagnostic[]): void {
  const rules = new Map<string, Placed>()
  for (const set of sets) for (const rule of set.rules) if (!rules.has(rule.id)) rules.set(rule.id, { rule, set })
  for (const set of sets) checkExceptionsOf(set, rules, list)
}

function checkExceptionsOf(set: RuleSet, rules: ReadonlyMap<string, Placed>, list: Diagnostic[]): void {
  const findings = new Findings(set.file, list)
  for (const { rule: id, at } of set.exceptions) {
    const target = rules.get(id)
    if (!target) findings.add('exception-target', at, { name: id }, nearest(id, rules.keys()))
    else if (!target.rule.overridable) findings.add('exception-not-overridable', at, { name: id })
    else if (LAYERS.indexOf(target.set.layer) > LAYERS.indexOf(set.layer))
      findings.add('exception-layer', at, { name: id })
  }
}

/**
 * Two rules of one layer that hold for exactly the same mail and give one slot two values. Conditions that merely overlap
 * are left to the run time, where a difference holds the mail.
 */
function checkSingleValues(sets: readonly RuleSet[], list: Diagnostic[]): void {
  for (const uses of singleUses(sets).values()) {
    if (uses.every(({ value }) => value === uses[0]!.value)) continue
    const seen = new Map<string, SingleUse>()
    for (const one of uses) {
      const { rule, set, value, at, field } = one
      const condition = canonicalJson([set.appliesTo, rule.when].map(shape))
      const other = seen.get(condition)
      if (!other) seen.set(condition, one)
      else if (other.value !== value)
        new Findings(set.file, list).add('conflicting-value', at, { name: other.rule.id, detail: rule.id, field })
    }
  }
}

interface SingleUse extends Placed {
  readonly field: string
  readonly value: string
  readonly at: ActionUse['at']
}

/** Uses of single-valued slots by slot, as far as they could contradict each other. */
function singleUses(sets: readonly RuleSet[]): ReadonlyMap<string, SingleUse[]> {
  const uses = new Map<string, SingleUse[]>()
  for (const set of sets) {
    for (const rule of set.rules) {
      if (rule.choose || rule.mode === 'disabled') continue
      for (const { actions } of rule.branches) {
        for (let i = 0; i < actions.length; i++) {
          const use = actions[i]!
          const single = use.definition.conflict ? singleValue(use) : null
          if (!single) continue
          const key = `${set.layer} ${rule.final} ${single.slot}`
          const one = { rule, set, field: single.slot, value: single.value, at: use.at }
          const known = uses.get(key)
          if (known) known.push(one)
          else uses.set(key, [one])
        }
      }
    }
  }
  return uses
}

function singleValue({ definition, params }: ActionUse): { slot: string; value: string } | null {
  const p = params as Readonly<Record<string, unknown>>
  if (definition.name === 'route') return { slot: 'route', value: String(p['via']) }
  if (definition.name === 'sign') return { slot: 'sign', value: canonicalJson(p) }
  if (definition.name === 'setHeader') return { slot: `setHeader ${p['name']}`, value: String(p['value']) }
  return null
}

/** A condition without places and definitions, for comparing. */
function shape(condition: RuleSet['appliesTo']): unknown {
  switch (condition.kind) {
    case 'always':
      return true
    case 'all':
    case 'any':
      return { [condition.kind]: condition.of.map(shape) }
    case 'not':
      return { not: shape(condition.of) }
    case 'leaf':
      return { [condition.name]: condition.tests.map((test) => [test.operator.name, test.operand]) }
    case 'attachments':
      return { [condition.quantifier]: condition.of.leaves.map(shape) }
  }
}
