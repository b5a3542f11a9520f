/** The space of facts that a set of conditions can tell apart: one dimension a field, and one for each test that stands for itself. */
import { compileTest, type FilePredicate } from '../compile.ts'
import type { Facts, Normalised } from '../facts.ts'
import { normalise } from '../facts.ts'
import type { Condition, Leaf, Test } from '../ir.ts'
import type { TenantLabels } from '../labels.ts'
import { isLive } from '../live-lists.ts'
import { fieldOf, restOf } from '../registry/conditions.ts'
import type { FieldDefinition, Scene } from '../registry/field.ts'
import { types, type Value } from '../registry/types.ts'
import { byCode, canonicalJson } from '../text/canonical.ts'
import { all, any, atom, type Form, negation, TRUE } from './form.ts'
import { bitSet, cutsItsField, locate, OPAQUE, pointsOf, type Region, regionsOf, usual } from './regions.ts'

export interface Dimension {
  readonly index: number
  /** Dimensions of one group share a fact: unknown in one is unknown in all. */
  readonly group: string
  readonly field: FieldDefinition | null
  /** As written, for reading the fact: `message.header.x-case`. */
  readonly name: string
  readonly regions: readonly Region[]
  readonly usual: bigint
  /** For a test that stands for itself. */
  readonly test: Test | null
  /** For "some attachment meets this": the form over attachment fields. */
  readonly file: Form | null
  readonly fileCondition: Condition | null
}

/** `not`, `notIn` and `notInList` say the opposite of these, for absent and several values too. */
const OPPOSITE: Readonly<Record<string, string>> = { not: 'is', notIn: 'in', notInList: 'inList' }

export class Universe {
  readonly labels: TenantLabels
  readonly dimensions: Dimension[] = []
  readonly #points = new Map<string, Set<Value>>()
  readonly #byKey = new Map<string, Dimension>()
  readonly #forms = new WeakMap<Condition, Form>()
  readonly #scene: Scene

  /** `conditions`: all that will be asked about, in any combination. */
  constructor(conditions: readonly Condition[], labels: TenantLabels) {
    this.labels = labels
    this.#scene = { labels } as Scene
    for (const condition of conditions) this.#collect(condition)
  }

  /** A condition over regions. */
  form(condition: Condition): Form {
    let form = this.#forms.get(condition)
    if (!form) {
      form = this.#make(condition)
      this.#forms.set(condition, form)
    }
    return form
  }

  /** The dimension of a field's own regions. */
  dimension(name: string): Dimension {
    return this.#main(fieldOf(name)!, name)
  }

  /** Whether the facts lie in these regions of a dimension. */
  region(dimension: Dimension, facts: Facts, picks: (condition: Condition) => FilePredicate): number {
    if (dimension.fileCondition) return filesRegion(facts, picks(dimension.fileCondition))
    const field = dimension.field!
    const fact: Normalised = normalise(field, field.read(facts, restOf(field, dimension.name)), facts)
    return this.regionOf(dimension, fact, facts)
  }

  /** The region of one normalised fact. */
  regionOf(dimension: Dimension, fact: Normalised, scene: Scene): number {
    const field = dimension.field!
    if (!dimension.test) return locate(field, dimension.regions, fact, field.atLeast?.(scene) ?? false)
    if (fact === undefined) return 0
    if (fact === null || (typeof fact === 'object' && fact.length === 0)) return 1
    const truth = compileTest(dimension.test, field)(fact, scene)
    return truth === undefined ? 0 : truth ? 2 : 3
  }

  #collect(condition: Condition): void {
    switch (condition.kind) {
      case 'always':
        return
      case 'all':
      case 'any':
        for (const part of condition.of) this.#collect(part)
        return
      case 'not':
        this.#collect(condition.of)
        return
      case 'attachments':
        for (const leaf of condition.of.leaves) this.#collect(leaf)
        return
      case 'leaf':
        for (const test of condition.tests) {
          if (!cutsItsField(test, condition.field)) continue
          const key = groupOf(condition)
          let points = this.#points.get(key)
          if (!points) {
            points = new Set()
            this.#points.set(key, points)
          }
          for (const point of pointsOf(test)) points.add(point)
        }
    }
  }

  #make(condition: Condition): Form {
    switch (condition.kind) {
      case 'always':
        return TRUE
      case 'all':
        return all(condition.of.map((part) => this.form(part)))
      case 'any':
        return any(condition.of.map((part) => this.form(part)))
      case 'not':
        return negation(this.form(condition.of))
      case 'leaf':
        return all(condition.tests.map((test) => this.#test(condition, test)))
      case 'attachments': {
        const files: Condition = { kind: 'all', of: condition.of.leaves }
        // Every file meets it exactly when no file fails it, in all three truth values.
        if (condition.quantifier === 'any') return this.#some(files)
        if (condition.quantifier === 'none') return negation(this.#some(files))
        return negation(this.#some({ kind: 'not', of: files }))
      }
    }
  }

  #test(leaf: Leaf, test: Test): Form {
    const { field } = leaf
    if (cutsItsField(test, field)) {
      const dimension = this.#main(field, leaf.name)
      const absent = test.operator.absent?.(test.operand) ?? false
      const holds = test.operator.test(test.operand, field)
      const truths = dimension.regions.map(({ state, value, bound }) => {
        if (state === 'unknown') return undefined
        if (state === 'absent') return absent
        return bound ? beyond(test, value!, holds(value!, this.#scene)) : holds(value!, this.#scene)
      })
      const where = (truth: boolean | undefined) => bitSet(truths.length, (index) => truths[index] === truth)
      return atom(dimension.index, where(true), where(false), where(undefined))
    }
    return this.#opaque(leaf, test)
  }

  #opaque(leaf: Leaf, test: Test): Form {
    const { field } = leaf
    const opposite = OPPOSITE[test.operator.name]
    const wanted = opposite === undefined ? test : { ...test, operator: positive(test, opposite, field) }
    const key = `${groupOf(leaf)}\n${testKey(wanted, field)}`
    const dimension = this.#dimension(key, () => ({
      // A lower bound can be known and yet leave a test open: such a test shares no state with its field, nor one on a list from outside.
      group: field.atLeast || isLive(test.operand) ? key : groupOf(leaf),
      field,
      name: leaf.name,
      regions: OPAQUE,
      usual: usual(field, OPAQUE),
      test: wanted,
      file: null,
      fileCondition: null,
    }))
    const absent = wanted.operator.absent?.(wanted.operand) ?? false
    const form = atom(dimension.index, absent ? 0b0110n : 0b0100n, absent ? 0b1000n : 0b1010n, 0b0001n)
    return opposite === undefined ? form : negation(form)
  }

  #some(files: Condition): Form {
    const file = this.form(files)
    const dimension = this.#dimension(`attachment\n${canonicalJson(conditionKey(files))}`, () => ({
      group: 'attachment any',
      field: null,
      name: 'attachment',
      regions: OPAQUE,
      usual: 0b1101n,
      test: null,
      file,
      fileCondition: files,
    }))
    return atom(dimension.index, 0b0100n, 0b1010n, 0b0001n)
  }

  #main(field: FieldDefinition, name: string): Dimension {
    const group = groupKey(field, name)
    return this.#dimension(group, () => {
      const regions = regionsOf(field, this.#points.get(group) ?? new Set(), this.labels)
      return { group, field, name, regions, usual: usual(field, regions), test: null, file: null, fileCondition: null }
    })
  }

  #dimension(key: string, make: () => Omit<Dimension, 'index'>): Dimension {
    let dimension = this.#byKey.get(key)
    if (!dimension) {
      dimension = { index: this.dimensions.length, ...make() }
      this.dimensions.push(dimension)
      this.#byKey.set(key, dimension)
    }
    return dimension
  }
}

function filesRegion(facts: Facts, picks: FilePredicate): number {
  const files = facts.input.attachments
  if (files === undefined) return 0
  const truths = files.map((_, position) => picks(facts, position))
  if (truths.includes(true)) return 2
  return truths.includes(undefined) || facts.input.message.defects.length > 0 ? 0 : 3
}

/** The truth of a test where the value is only a lower bound. */
function beyond(test: Test, value: Value, holds: boolean): boolean | undefined {
  return test.operator.grows ? holds || undefined : test.operator.beyond?.(test.operand, value)
}

/** The opposite operator of the same types, as the registry holds it. */
function positive(test: Test, name: string, field: FieldDefinition): Test['operator'] {
  const { test: negative, beyond: bounded, ...rest } = test.operator
  const opposite = (truth: boolean | undefined) => (truth === undefined ? undefined : !truth)
  return {
    ...rest,
    name,
    every: false,
    ...(bounded ? { beyond: (operand, value) => opposite(bounded(operand, value)) } : {}),
    absent: () => false,
    test: (operand, own) => {
      const differs = negative.call(test.operator, operand, own ?? field)
      return (value, scene) => !differs(value, scene)
    },
  }
}

/** Entries of these are alternatives whose order and repetition say nothing. */
const SETS = new Set([
  'in',
  'notIn',
  'inList',
  'notInList',
  'is',
  'not',
  'contains',
  'containsTag',
  'startsWith',
  'endsWith',
  'under',
  'confusableWith',
])

/** One text for tests that mean the same. */
export function testKey(test: Test, field: FieldDefinition): string {
  const { name } = test.operator
  const kind = ['is', 'in', 'inList'].includes(name)
    ? 'among'
    : ['not', 'notIn', 'notInList'].includes(name)
      ? 'not among'
      : name === 'contains' && field.type === 'list'
        ? 'among'
        : name
  const { operand } = test
  const set = SETS.has(name)
    ? [...new Set((Array.isArray(operand) ? operand : [operand]).map(String))].sort(byCode)
    : operand
  return canonicalJson([kind, set])
}

/** A condition without places, definitions and order: equal keys mean the same. */
export function conditionKey(condition: Condition): unknown {
  switch (condition.kind) {
    case 'always':
      return true
    case 'all':
    case 'any': {
      const parts = flattened(condition.of, condition.kind)
      const keys = [...new Set(parts.map((part) => canonicalJson(conditionKey(part))))].sort(byCode)
      return keys.length === 1 ? JSON.parse(keys[0]!) : { [condition.kind]: keys }
    }
    case 'not':
      return condition.of.kind === 'not' ? conditionKey(condition.of.of) : { not: conditionKey(condition.of) }
    case 'leaf': {
      const tests = [...new Set(condition.tests.map((test) => testKey(test, condition.field)))].sort(byCode)
      return { [groupOf(condition)]: tests }
    }
    case 'attachments':
      return { [`attachment ${condition.quantifier}`]: conditionKey({ kind: 'all', of: condition.of.leaves }) }
  }
}

/** Groups of one kind within each other are one group. */
function flattened(of: readonly Condition[], kind: 'all' | 'any'): readonly Condition[] {
  return of.flatMap((part) => {
    if ((part.kind === 'all' || part.kind === 'any') && (part.kind === kind || part.of.length === 1))
      return flattened(part.of, kind)
    return [part]
  })
}

function groupOf(leaf: Leaf): string {
  return groupKey(leaf.field, leaf.name)
}

function groupKey(field: FieldDefinition, name: string): string {
  const rest = restOf(field, name)
  return rest === '' ? field.name : `${field.name.slice(0, -1)}${rest}`
}

/** Whether a field's facts are texts, on which other tests can be tried. */
export function isText(field: FieldDefinition | null): boolean {
  return field !== null && ['string', 'address', 'domain'].includes(field.type) && !types[field.type].many
}
