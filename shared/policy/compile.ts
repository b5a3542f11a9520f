/** From the typed form to closures. All closures of one kind share one shape; nothing is generated per rule. */
import type { Facts, Normalised, Slot } from './facts.ts'
import type { Condition, Leaf, Quantifier, Selector, Test } from './ir.ts'
import { restOf } from './registry/conditions.ts'
import type { FieldDefinition, Scene } from './registry/field.ts'
import { and, not, or, type Truth } from './truth.ts'

export type Predicate = (facts: Facts) => Truth
/** The second argument is the position of an attachment. */
export type FilePredicate = (facts: Facts, position: number) => Truth

/** Fields that the rules of one policy ask for, each with one place in the caches. */
export class Slots {
  readonly #byName = new Map<string, Slot>()

  of(field: FieldDefinition, name: string): Slot {
    const rest = restOf(field, name)
    const key = rest === '' ? field.name : `${field.name} ${rest}`
    let slot = this.#byName.get(key)
    if (!slot) {
      slot = { index: this.#byName.size, field, rest }
      this.#byName.set(key, slot)
    }
    return slot
  }
}

export function compileCondition(condition: Condition, slots: Slots): Predicate {
  switch (condition.kind) {
    case 'always':
      return () => true
    case 'all': {
      const parts = condition.of.map((part) => compileCondition(part, slots))
      return parts.length === 1 ? parts[0]! : every(parts)
    }
    case 'any': {
      const parts = condition.of.map((part) => compileCondition(part, slots))
      return parts.length === 1 ? parts[0]! : some(parts)
    }
    case 'not': {
      const part = compileCondition(condition.of, slots)
      return (facts) => not(part(facts))
    }
    case 'leaf':
      return compileLeaf(condition, slots)
    case 'attachments':
      return quantified(condition.quantifier, compileSelector(condition.of, slots))
  }
}

/** Conjunction of conditions that are compiled already. */
export function every(parts: readonly Predicate[]): Predicate {
  return (facts) => {
    let result: Truth = true
    for (const part of parts) {
      const truth = part(facts)
      if (truth === false) return false
      if (truth === undefined) result = undefined
    }
    return result
  }
}

function some(parts: readonly Predicate[]): Predicate {
  return (facts) => {
    let result: Truth = false
    for (const part of parts) {
      const truth = part(facts)
      if (truth === true) return true
      if (truth === undefined) result = undefined
    }
    return result
  }
}

function compileLeaf(leaf: Leaf, slots: Slots): Predicate {
  const slot = slots.of(leaf.field, leaf.name)
  const tests = leaf.tests.map((test) => compileTest(test, leaf.field))
  if (tests.length === 1) {
    const [test] = tests
    return (facts) => test!(facts.value(slot), facts)
  }
  return (facts) => {
    const value = facts.value(slot)
    return and(tests.map((test) => test(value, facts)))
  }
}

/** Whether one attachment meets every leaf; a selector without leaves takes every attachment. */
export function compileSelector(selector: Selector, slots: Slots): FilePredicate {
  const leaves = selector.leaves.map((leaf) => ({
    slot: slots.of(leaf.field, leaf.name),
    tests: leaf.tests.map((test) => compileTest(test, leaf.field)),
  }))
  return (facts, position) =>
    and(
      leaves.flatMap(({ slot, tests }) => {
        const value = facts.fileValue(slot, position)
        return tests.map((test) => test(value, facts))
      }),
    )
}

/** A structure with defects may hide an attachment: nothing may be concluded from not having seen one. */
function quantified(quantifier: Quantifier, predicate: FilePredicate): Predicate {
  return (facts) => {
    const files = facts.input.attachments
    if (files === undefined) return undefined
    const truths = files.map((_, position) => predicate(facts, position))
    const hidden = facts.input.message.defects.length > 0
    if (quantifier === 'all') return and(hidden ? [...truths, undefined] : truths)
    const found = or(hidden ? [...truths, undefined] : truths)
    return quantifier === 'any' ? found : not(found)
  }
}

/** One operator with its operand: the answer for any normalised fact. */
export function compileTest(test: Test, field: FieldDefinition): (value: Normalised, scene: Scene) => Truth {
  const { operator, operand } = test
  const holds = operator.test(operand, field)
  const absent = operator.absent?.(operand) ?? false
  return (value, scene) => {
    if (value === undefined) return undefined
    if (value === null) return absent
    if (typeof value === 'object') {
      if (value.length === 0) return absent
      return operator.every ? value.every((one) => holds(one, scene)) : value.some((one) => holds(one, scene))
    }
    if (field.atLeast?.(scene))
      return operator.grows ? holds(value, scene) || undefined : operator.beyond?.(operand, value)
    return holds(value, scene)
  }
}
