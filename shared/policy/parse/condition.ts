import { readCel } from '../cel/leaf.ts'
import type { Condition, Leaf, Test } from '../ir.ts'
import { isLive } from '../live-lists.ts'
import { fieldOf, fields, operatorsOf } from '../registry/conditions.ts'
import type { FieldDefinition } from '../registry/field.ts'
import type { AnyOperator } from '../registry/operator.ts'
import { liveForm } from '../registry/operators/live.ts'
import { nearest } from '../text/nearest.ts'
import { type Env, once } from './env.ts'
import { type Entry, kindOf, type Node, quote } from './node.ts'

const COMBINATIONS = ['all', 'any', 'not', 'attachment', 'cel']
const IS_TRUE = operatorsOf('boolean').find(({ name }) => name === 'is')!
const QUANTIFIERS = ['any', 'all', 'none'] as const

/** Reads `when`: `{}` and `true` always hold. Undefined after a finding. */
export function readCondition(node: Node, env: Env): Condition | undefined {
  return once(node, env, env.known?.conditions, conditionOf)
}

function conditionOf(node: Node, env: Env): Condition | undefined {
  if (node.kind === 'scalar' && node.value === true) return { kind: 'always' }
  if (node.kind !== 'map') {
    env.findings.add('wrong-type', node.at, { expected: 'a condition (field: test)', found: kindOf(node) })
    return undefined
  }
  const [entry, more] = node.entries
  if (entry === undefined) return { kind: 'always' }
  if (more) {
    env.findings.add('one-key', more.at)
    return undefined
  }
  const { key, value } = entry
  if (key === 'all' || key === 'any') return readGroup(key, value, env)
  if (key === 'not') {
    const of = readCondition(value, env)
    return of && { kind: 'not', of }
  }
  if (key === 'attachment') return readAttachments(value, env)
  if (key === 'cel') return readCel(value, entry.at, env, IS_TRUE)
  const leaf = readLeaf(entry, key, env)
  if (leaf?.field.scope !== 'attachment') return leaf
  env.findings.add('scope-refused', entry.at, { name: key, expected: 'attachment: {any: ...}' })
  return undefined
}

/** Reads a sender selector: several keys are joined, and only what is known of the sender may be asked. */
export function readSenderCondition(node: Node, env: Env): Condition | undefined {
  if (node.kind !== 'map') return readCondition(node, env)
  const parts = node.entries.map((entry) => readCondition({ kind: 'map', entries: [entry], at: entry.at }, env))
  if (parts.includes(undefined)) return undefined
  const condition: Condition = { kind: 'all', of: parts as Condition[] }
  const strange = leavesOf(condition).find((leaf) => leaf.kind !== 'leaf' || !leaf.name.startsWith('sender.'))
  if (!strange) return condition
  env.findings.add('scope-refused', node.at, {
    name: strange.kind === 'leaf' ? strange.name : 'attachment',
    expected: 'sender.*',
  })
  return undefined
}

/** Leaves of a condition in order of writing. */
export function leavesOf(
  condition: Condition,
): readonly Exclude<Condition, { kind: 'all' | 'any' | 'not' | 'always' }>[] {
  switch (condition.kind) {
    case 'always':
      return []
    case 'all':
    case 'any':
      return condition.of.flatMap(leavesOf)
    case 'not':
      return leavesOf(condition.of)
    case 'leaf':
    case 'attachments':
      return [condition]
  }
}

function readGroup(kind: 'all' | 'any', value: Node, env: Env): Condition | undefined {
  if (value.kind !== 'list' || value.items.length === 0) {
    env.findings.add('wrong-type', value.at, { expected: 'a list of conditions', found: kindOf(value) })
    return undefined
  }
  const of = value.items.map((item) => readCondition(item, env))
  return of.includes(undefined) ? undefined : { kind, of: of as Condition[] }
}

function readAttachments(value: Node, env: Env): Condition | undefined {
  const entry = value.kind === 'map' && value.entries.length === 1 ? value.entries[0] : undefined
  const quantifier = QUANTIFIERS.find((name) => name === entry?.key)
  if (!entry || !quantifier) {
    env.findings.add('wrong-value', value.at, {
      found: quote(value),
      expected: '{any: {...}}, {all: {...}}, {none: {...}}',
    })
    return undefined
  }
  const leaves = readSelector(entry.value, env)
  return leaves && { kind: 'attachments', quantifier, of: { leaves } }
}

/** Reads `{type: step, size: {gte: 30MB}}`: names of attachment fields without their stem. */
export function readSelector(node: Node, env: Env): Leaf[] | undefined {
  if (node.kind !== 'map') {
    env.findings.add('wrong-type', node.at, { expected: 'a map of attachment fields', found: kindOf(node) })
    return undefined
  }
  const leaves = node.entries.map((entry) => readLeaf(entry, `attachment.${entry.key}`, env))
  return leaves.includes(undefined) ? undefined : (leaves as Leaf[])
}

function readLeaf(entry: Entry, name: string, env: Env): Leaf | undefined {
  const field = fieldOf(name)
  if (!field) {
    const inSelector = name !== entry.key
    const known = [...fields.keys()].filter((key) => !inSelector || key.startsWith('attachment.'))
    const names = inSelector ? known.map((key) => key.slice('attachment.'.length)) : [...known, ...COMBINATIONS]
    env.findings.add('unknown-field', entry.at, { name: entry.key }, nearest(entry.key, names))
    return undefined
  }
  const tests = readTests(field, name, entry.value, env)
  return tests && { kind: 'leaf', name, field, tests, at: entry.at }
}

function readTests(field: FieldDefinition, name: string, node: Node, env: Env): Test[] | undefined {
  if (node.kind !== 'map') return shorthand(field, name, node, env)
  if (node.entries.length === 0) {
    env.findings.add('wrong-type', node.at, { expected: '{operator: value}', found: '{}' })
    return undefined
  }
  const known = operatorsOf(field.type)
  const tests = node.entries.map((entry) => {
    const operator = known.find((candidate) => candidate.name === entry.key)
    if (operator) return readTest(operator, field, entry.value, env)
    const names = known.map((candidate) => candidate.name)
    env.findings.add('unknown-operator', entry.at, { name: entry.key, field: name }, nearest(entry.key, names))
    return undefined
  })
  return tests.includes(undefined) ? undefined : (tests as Test[])
}

/** A value means `is`, a list means `in`; for fields with many values `contains`; for times `during`. */
function shorthand(field: FieldDefinition, name: string, node: Node, env: Env): Test[] | undefined {
  const wanted =
    field.type === 'list' ? 'contains' : field.type === 'time' ? 'during' : node.kind === 'list' ? 'in' : 'is'
  const operator = operatorsOf(field.type).find((candidate) => candidate.name === wanted)
  if (!operator) {
    env.findings.add('unknown-operator', node.at, { name: wanted, field: name })
    return undefined
  }
  const test = readTest(operator, field, node, env)
  return test && [test]
}

function readTest(operator: AnyOperator, field: FieldDefinition, node: Node, env: Env): Test | undefined {
  const operand = operator.read(node, field, env)
  if (operand === undefined) return undefined
  const used = isLive(operand) ? liveForm(operator) : operator
  return { operator: used, operand, source: `${operator.name} ${node.kind === 'scalar' ? node.source : quote(node)}` }
}
