/** Equality and membership. */
import { flag, listOf } from '../../parse/shape.ts'
import { nearest } from '../../text/nearest.ts'
import type { FieldDefinition, TypeName } from '../field.ts'
import { type OperatorDefinition, type OperatorKeys, operator } from '../operator.ts'
import { types, type Value } from '../types.ts'

const SINGLE: readonly TypeName[] = [
  'string',
  'address',
  'domain',
  'header',
  'enum',
  'label',
  'boolean',
  'size',
  'count',
  'fileType',
]
const SETS: readonly TypeName[] = SINGLE.filter((type) => type !== 'boolean')
const LISTED: readonly TypeName[] = ['string', 'address', 'domain', 'header', 'list', 'fileType']

/** Equality with one of several values, as keys. */
function keysOf(operands: readonly Value[], field: FieldDefinition): readonly OperatorKeys[] {
  if (valuesOf(operands, field)) return [{ kind: 'value', values: operands }]
  const below = operands.filter(isPattern).map((value) => String(value).slice(2))
  const values = operands.filter((value) => !isPattern(value))
  return [
    { kind: 'value', values },
    { kind: 'below', values: below },
  ]
}

const isPattern = (value: Value) => String(value).startsWith('*.')

/** Patterns of domains are no values. */
function valuesOf(operands: readonly Value[], field: FieldDefinition): readonly Value[] | null {
  const plain = field.type !== 'domain' || !operands.some(isPattern)
  return plain ? operands : null
}

const is = operator<Value>({
  name: 'is',
  types: SINGLE,
  doc: { de: 'ist gleich', en: 'equals' },
  operand: (field) => types[field.type].operand(field),
  test: (operand, field) => types[field.type].oneOf([operand]),
  keys: (operand, field) => keysOf([operand], field),
  equals: (operand, field) => valuesOf([operand], field),
  beyond: (operand, value) => (value > operand ? false : undefined),
})

const not = operator<Value>({
  name: 'not',
  types: SINGLE,
  doc: { de: 'ist nicht gleich', en: 'does not equal' },
  every: true,
  operand: (field) => types[field.type].operand(field),
  test(operand, field) {
    const equal = types[field.type].oneOf([operand])
    return (value) => !equal(value)
  },
  absent: () => true,
  beyond: (operand, value) => (value > operand ? true : undefined),
})

const within = operator<readonly Value[]>({
  name: 'in',
  types: SETS,
  doc: { de: 'ist einer von', en: 'is one of' },
  operand: (field) => listOf(types[field.type].operand(field)),
  test: (operand, field) => types[field.type].oneOf(operand),
  keys: keysOf,
  equals: valuesOf,
})

const notIn = operator<readonly Value[]>({
  name: 'notIn',
  types: SETS,
  doc: { de: 'ist keiner von', en: 'is none of' },
  every: true,
  operand: (field) => listOf(types[field.type].operand(field)),
  test(operand, field) {
    const among = types[field.type].oneOf(operand)
    return (value) => !among(value)
  },
  absent: () => true,
})

/** The named list's entries as operands. */
function readList(negative: boolean): OperatorDefinition<readonly Value[]> {
  const name = negative ? 'notInList' : 'inList'
  return {
    name,
    types: LISTED,
    doc: negative
      ? { de: 'steht nicht in der Liste', en: 'is not in the named list' }
      : { de: 'steht in der Liste', en: 'is in the named list' },
    every: negative,
    schema: () => ({ type: 'string' }),
    read(node, field, env) {
      const listName = node.kind === 'scalar' ? String(node.value) : ''
      const list = env.lists.get(listName)
      if (!list) {
        env.findings.add('unknown-list', node.at, { name: listName }, nearest(listName, env.lists.keys()))
        return undefined
      }
      env.usedLists.add(listName)
      const type = types[field.type]
      if (!type.lists.includes(list.type)) {
        env.findings.add('list-type', node.at, { name: listName, found: list.type, expected: type.lists.join(', ') })
        return undefined
      }
      const values = list.values.map((entry) => type.listValue(entry))
      if (values.includes(null)) return undefined
      // `readTest` then takes the operator's live form.
      if (list.live.length > 0) return { live: list.live, values } as unknown as readonly Value[]
      return values as Value[]
    },
    test(operand, field) {
      const among = types[field.type].oneOf(operand)
      return negative ? (value) => !among(value) : among
    },
    absent: () => negative,
    ...(negative ? {} : { keys: keysOf, equals: valuesOf }),
  }
}

const exists = operator<boolean>({
  name: 'exists',
  types: ['string', 'address', 'domain', 'list', 'header', 'time', 'enum', 'fileType'],
  doc: { de: 'ist vorhanden (nicht leer)', en: 'is there (not empty)' },
  operand: () => flag,
  test: (operand) => (value) => (value !== '') === operand,
  absent: (operand) => !operand,
})

export const membership = [is, not, within, notIn, readList(false), readList(true), exists]
