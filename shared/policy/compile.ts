/** From the typed form to closures. All closures of one kind share one shape; nothing is generated per rule. */
import type { Facts, Normalised, Slot } from './facts.ts'
import type { Condition, Leaf, Quantifier, Selector, Test } from './ir.ts'
import { leavesOf } from './parse/condition.ts'
import { restOf } from './registry/conditions.ts'
import type { FieldDefinition, Scene } from './registry/field.ts'
import { types, type Value } from './registry/types.ts'
import { and, not, or, type Truth } from './truth.ts'

export type Predicate = (facts: Facts) => Truth
/** The second argument is the position of an attachment. */
export type FilePredicate = (facts: Facts, position: number) => Truth

/** Fields that the rules of one policy ask for, each with one place in the caches. */
export class Slots {
  readonly #byKey = new Map<string, Slot>()
  /** As written: several names may mean one slot. */
  readonly #byName = new Map<string, Slot>()
  readonly #leaves = new Map<string, Predicate>()
  readonly #parts = new Map<Condition | string, Part>()
  readonly #selectors = new Map<string, FilePredicate>()
  readonly #distinct: boolean

  /** `distinct`: conditions that mean the same are mostly one object already, and are not compared. */
  constructor(distinct = false) {
    this.#distinct = distinct
  }

  of(field: FieldDefinition, name: string): Slot {
    let slot = this.#byName.get(name)
    if (slot) return slot
    const rest = restOf(field, name)
    const key = rest === '' ? field.name : `${field.name} ${rest}`
    slot = this.#byKey.get(key)
    if (!slot) {
      slot = { index: this.#byKey.size, field, type: types[field.type], ofRecipient: field.scope === 'recipient', rest }
      this.#byKey.set(key, slot)
    }
    this.#byName.set(name, slot)
    return slot
  }

  /** The predicate of a selector: one for all that mean the same. */
  selector(selector: Selector): FilePredicate {
    const key = selector.leaves.map((leaf) => leafKey(leaf, this)).join()
    const predicate = this.#selectors.get(key) ?? compileSelector(selector, this)
    this.#selectors.set(key, predicate)
    return predicate
  }

  /** The part of conjunctions that a condition is: one for all leaves that mean the same. */
  part(condition: Condition): Part {
    let part = this.#parts.get(condition)
    if (part) return part
    const key = this.#distinct ? null : keyOf(condition, this)
    part = key === null ? undefined : this.#parts.get(key)
    part ??= new Part(condition, this)
    this.#parts.set(condition, part)
    if (key !== null) this.#parts.set(key, part)
    return part
  }

  /** The predicate of this key, made on first use with a number of its own. */
  shared(key: string, make: (number: number) => Predicate): Predicate {
    let predicate = this.#leaves.get(key)
    if (!predicate) {
      predicate = make(this.#leaves.size)
      this.#leaves.set(key, predicate)
    }
    return predicate
  }
}

/** For a leaf that holds exactly if its fact, known and single, is one of these values. */
export interface Equality {
  readonly slot: Slot
  readonly values: readonly Value[]
  /** Asked of attachments, of which one must meet it. */
  readonly ofFiles: boolean
}

/** A condition among others that must all hold; compiled when it is asked first. */
export class Part {
  /** Whether its answer may differ between recipients. */
  readonly ofRecipient: boolean
  readonly cost: number
  readonly condition: Condition
  readonly #slots: Slots
  #predicate: Predicate | undefined

  constructor(condition: Condition, slots: Slots) {
    this.condition = condition
    this.#slots = slots
    this.cost = costOf(condition)
    this.ofRecipient = leavesOf(condition).some((leaf) => leaf.kind === 'leaf' && leaf.field.scope === 'recipient')
  }

  get equality(): Equality | null {
    return equalityOf(this.condition, this.#slots)
  }

  ask(facts: Facts): Truth {
    this.#predicate ??= compileCondition(this.condition, this.#slots)
    return this.#predicate(facts)
  }
}

function equalityOf(condition: Condition, slots: Slots): Equality | null {
  if (condition.kind === 'leaf') return leafEquality(condition, false, slots)
  const [leaf, ...more] = condition.kind === 'attachments' && condition.quantifier === 'any' ? condition.of.leaves : []
  return leaf && more.length === 0 ? leafEquality(leaf, true, slots) : null
}

function leafEquality({ field, name, tests }: Leaf, ofFiles: boolean, slots: Slots): Equality | null {
  const [test, ...more] = tests
  if (!test || more.length > 0 || field.atLeast) return null
  const values = test.operator.equals?.(test.operand, field) ?? null
  return values && { slot: slots.of(field, name), values, ofFiles }
}

const ALWAYS: Predicate = () => true

export function compileCondition(condition: Condition, slots: Slots): Predicate {
  switch (condition.kind) {
    case 'always':
      return ALWAYS
    case 'all': {
      const parts = byCost(condition.of).map((part) => compileCondition(part, slots))
      return parts.length === 1 ? parts[0]! : every(parts)
    }
    case 'any': {
      const parts = byCost(condition.of).map((part) => compileCondition(part, slots))
      return parts.length === 1 ? parts[0]! : some(parts)
    }
    case 'not': {
      const part = compileCondition(condition.of, slots)
      return (facts) => not(part(facts))
    }
    case 'leaf':
      return compileLeaf(condition, slots)
    case 'attachments':
      return slots.shared(filesKey(condition, slots), () =>
        quantified(condition.quantifier, compileSelector(condition.of, slots)),
      )
  }
}

/** Conjunction of conditions that are compiled already. */
export function every(parts: readonly Predicate[]): Predicate {
  const [a, b] = parts
  if (parts.length === 2 && a && b) {
    return (facts) => {
      const first = a(facts)
      if (first === false) return false
      const second = b(facts)
      return first === true ? second : second === false ? false : undefined
    }
  }
  return (facts) => {
    let result: Truth = true
    for (let i = 0; i < parts.length; i++) {
      const truth = parts[i]!(facts)
      if (truth === false) return false
      if (truth === undefined) result = undefined
    }
    return result
  }
}

function some(parts: readonly Predicate[]): Predicate {
  return (facts) => {
    let result: Truth = false
    for (let i = 0; i < parts.length; i++) {
      const truth = parts[i]!(facts)
      if (truth === true) return true
      if (truth === undefined) result = undefined
    }
    return result
  }
}

/** Cheap parts first: no part has an effect, so their order changes only how soon the answer is known. */
export function byCost(parts: readonly Condition[]): readonly Condition[] {
  return parts.length < 2 ? parts : parts.toSorted((a, b) => costOf(a) - costOf(b))
}

/** What an answer costs, roughly, compared with that of one comparison. */
function costOf(condition: Condition): number {
  switch (condition.kind) {
    case 'always':
      return 0
    case 'all':
    case 'any':
      return condition.of.reduce((sum, part) => sum + costOf(part), 1)
    case 'not':
      return costOf(condition.of)
    case 'leaf':
      return condition.tests.reduce((sum, { operator }) => sum + (operator.costly ? 20 : 1), 0)
    case 'attachments':
      return 5 + 5 * condition.of.leaves.length
  }
}

/** Equal leaves share one closure. */
function compileLeaf(leaf: Leaf, slots: Slots): Predicate {
  const slot = slots.of(leaf.field, leaf.name)
  return slots.shared(leafKey(leaf, slots), (number) => {
    const predicate = leafPredicate(slot, leaf)
    return leaf.tests.some(({ operator }) => operator.costly) ? remembered(predicate, slot, number) : predicate
  })
}

/** Equal for conditions that mean the same; null for those that are never compared. */
function keyOf(condition: Condition, slots: Slots): string | null {
  if (condition.kind === 'leaf') return leafKey(condition, slots)
  return condition.kind === 'attachments' ? filesKey(condition, slots) : null
}

function leafKey({ field, name, tests }: Leaf, slots: Slots): string {
  let key = `${slots.of(field, name).index}`
  for (const { operator, operand } of tests) key += ` ${operator.name}${JSON.stringify(operand)}`
  return key
}

function filesKey({ quantifier, of }: Condition & { readonly kind: 'attachments' }, slots: Slots): string {
  return `${quantifier} ${of.leaves.map((leaf) => leafKey(leaf, slots)).join()}`
}

function leafPredicate(slot: Slot, { tests, field }: Leaf): Predicate {
  const compiled = tests.map((test) => compileTest(test, field))
  const [only] = compiled
  if (compiled.length > 1 || !only) return allOf(slot, compiled)
  if (field.atLeast || tests[0]!.operator.truth) return (facts) => only(facts.value(slot), facts)
  const holds = tests[0]!.operator.test(tests[0]!.operand, field)
  return (facts) => {
    const value = facts.value(slot)
    return typeof value === 'string' ? holds(value, facts) : only(value, facts)
  }
}

type CompiledTest = (value: Normalised, scene: Scene) => Truth

function allOf(slot: Slot, tests: readonly CompiledTest[]): Predicate {
  return (facts) => {
    const value = facts.value(slot)
    return and(tests.map((test) => test(value, facts)))
  }
}

/** Asks once per message, or once per recipient, however many rules have the same test. */
function remembered(ask: Predicate, slot: Slot, number: number): Predicate {
  const { ofRecipient } = slot
  return (facts) => {
    const answers = ofRecipient ? facts.answers : facts.shared.answers
    const known = answers.get(number)
    if (known !== undefined || answers.has(number)) return known
    const truth = ask(facts)
    answers.set(number, truth)
    return truth
  }
}

/** Whether one attachment meets every leaf; a selector without leaves takes every attachment. */
export function compileSelector(selector: Selector, slots: Slots): FilePredicate {
  const tests = selector.leaves.flatMap((leaf) => {
    const slot = slots.of(leaf.field, leaf.name)
    return leaf.tests.map((test) => ({ slot, test: compileTest(test, leaf.field) }))
  })
  return (facts, position) => {
    let result: Truth = true
    for (let i = 0; i < tests.length; i++) {
      const { slot, test } = tests[i]!
      // Whether a value is only a lower bound depends on the attachment it was read from.
      const scene = slot.field.atLeast ? facts.fileScene(position) : facts
      const truth = test(facts.fileValue(slot, position), scene)
      if (truth === false) return false
      if (truth === undefined) result = undefined
    }
    return result
  }
}

/** A structure with defects may hide an attachment: nothing may be concluded from not having seen one. */
function quantified(quantifier: Quantifier, predicate: FilePredicate): Predicate {
  // `all` looks for one that does not meet the selector, `any` and `none` for one that does.
  const wanted = quantifier !== 'all'
  const found = quantifier === 'any'
  return (facts) => {
    const { attachments: files, message } = facts.input
    if (files === undefined) return undefined
    let doubt = message.defects.length > 0
    for (let i = 0; i < files.length; i++) {
      const truth = predicate(facts, i)
      if (truth === wanted) return found
      if (truth === undefined) doubt = true
    }
    return doubt ? undefined : !found
  }
}

/** One operator with its operand: the answer for any normalised fact. */
export function compileTest(test: Test, field: FieldDefinition): (value: Normalised, scene: Scene) => Truth {
  const { operator, operand } = test
  const absent = operator.absent?.(operand) ?? false
  if (operator.truth) return openTest(operator.truth(operand, field), operator.every === true, absent, field)
  const holds = operator.test(operand, field)
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

/** As above where the operand may be unknown, such as a list that nobody could renew in time. */
function openTest(
  truth: (value: Value, scene: Scene) => Truth,
  every: boolean,
  absent: boolean,
  field: FieldDefinition,
): CompiledTest {
  return (value, scene) => {
    if (value === undefined) return undefined
    if (value === null) return absent
    if (typeof value !== 'object') return field.atLeast?.(scene) ? undefined : truth(value, scene)
    if (value.length === 0) return absent
    const truths = value.map((one) => truth(one, scene))
    return every ? and(truths) : or(truths)
  }
}
