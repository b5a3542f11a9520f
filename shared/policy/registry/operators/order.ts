/** Order: sizes, counts, data classes. */
import type { TenantLabels } from '../../labels.ts'
import { listOf, type Shape } from '../../parse/shape.ts'
import type { TypeName } from '../field.ts'
import { type OperatorKeys, operator } from '../operator.ts'
import { types, type Value } from '../types.ts'

const NUMBERS: readonly TypeName[] = ['size', 'count']

function compare(
  name: string,
  de: string,
  en: string,
  holds: (value: Value, operand: Value) => boolean,
  certain: boolean,
) {
  return operator<Value>({
    name,
    types: NUMBERS,
    doc: { de, en },
    operand: (field) => types[field.type].operand(field),
    test: (operand) => (value) => holds(value, operand),
    beyond: (operand, value) => (holds(value, operand) === certain ? certain : undefined),
  })
}

/** Facts of this type are always ids of the tenant's own list. */
function labelKeys(labels: TenantLabels, wanted: (rank: number) => boolean): readonly OperatorKeys[] {
  return [{ kind: 'value', values: labels.list.filter((_, rank) => wanted(rank)).map(({ id }) => id) }]
}

const between = operator<readonly Value[]>({
  name: 'between',
  types: NUMBERS,
  doc: { de: 'liegt zwischen (beide eingeschlossen)', en: 'lies between (both included)' },
  operand: (field) => listOf(types[field.type].operand(field), 2, 2),
  test:
    ([low, high]) =>
    (value) =>
      value >= low! && value <= high!,
  beyond: ([, high], value) => (value > high! ? false : undefined),
})

const atLeast = operator<Value>({
  name: 'atLeast',
  types: ['label'],
  doc: { de: 'ist diese Datenklasse oder eine höhere', en: 'is this data class or a higher one' },
  operand: (field) => types.label.operand(field) as Shape<Value>,
  test: (operand) => (value, scene) => scene.labels.rank(String(value)) >= scene.labels.rank(String(operand)),
  keys: (operand, _field, labels) => labelKeys(labels, (rank) => rank >= labels.rank(String(operand))),
})

const atMost = operator<Value>({
  name: 'atMost',
  types: ['label'],
  doc: { de: 'ist diese Datenklasse oder eine niedrigere', en: 'is this data class or a lower one' },
  operand: (field) => types.label.operand(field) as Shape<Value>,
  test: (operand) => (value, scene) => scene.labels.rank(String(value)) <= scene.labels.rank(String(operand)),
  keys: (operand, _field, labels) => labelKeys(labels, (rank) => rank <= labels.rank(String(operand))),
})

export const order = [
  compare('gt', 'größer als', 'greater than', (a, b) => a > b, true),
  compare('gte', 'mindestens', 'at least', (a, b) => a >= b, true),
  compare('lt', 'kleiner als', 'less than', (a, b) => a < b, false),
  compare('lte', 'höchstens', 'at most', (a, b) => a <= b, false),
  between,
  atLeast,
  atMost,
]
