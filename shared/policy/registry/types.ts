/** Types of fields: how a fact and an operand are brought into one comparable form. */

import type { ListType } from '../list-source.ts'
import { choice, flag, integer, moment, refine, type Shape, size, text } from '../parse/shape.ts'
import { comparableDomain, domainMatcher, domainPattern } from '../text/domain.ts'
import { canonicalFileType } from '../text/filetype.ts'
import { fold } from '../text/fold.ts'
import { nearest } from '../text/nearest.ts'
import { instant } from '../text/units.ts'
import type { FieldDefinition, Scene, TypeName } from './field.ts'

/** A normalised single value. */
export type Value = string | number | boolean

export interface TypeDefinition {
  /** Facts of this type have any number of values; a test holds when one value meets it. */
  readonly many: boolean
  /** Reads an operand; what it yields compares with normalised facts. */
  operand(field: FieldDefinition): Shape<Value>
  /** A fact's comparable form; undefined when it makes no sense and is thus unknown. */
  normalise(value: Value, scene: Scene): Value | undefined
  /** Kinds of named lists that fit. */
  readonly lists: readonly ListType[]
  /** Equality with one of several operands. */
  oneOf(operands: readonly Value[]): (value: Value) => boolean
  /** Entry of a named list to operand; null when it is none. */
  listValue(entry: string): Value | null
}

const sameAs = (operands: readonly Value[]): ((value: Value) => boolean) => {
  if (operands.length === 1) return (value) => value === operands[0]
  const set = new Set(operands)
  return (value) => set.has(value)
}

const folded = refine(text(), (value) => fold(value))
const patternOperand = refine(text({ max: 300 }), (value, node, env): Value | undefined => {
  const pattern = domainPattern(value)
  if (pattern === null) env.findings.add('wrong-domain', node.at, { found: value })
  return pattern ?? undefined
})

/** Local parts compare folded, domains as A-labels. */
export function comparableAddress(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? fold(address) : `${fold(address.slice(0, at))}@${comparableDomain(address.slice(at + 1))}`
}

const stringLike = {
  many: false,
  operand: () => folded as Shape<Value>,
  normalise: (value: Value) => fold(String(value)),
  lists: ['string', 'address', 'group'] as readonly ListType[],
  oneOf: sameAs,
  listValue: (entry: string): Value | null => fold(entry),
}

const numberLike = {
  many: false,
  normalise: (value: Value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined),
  lists: [] as readonly ListType[],
  oneOf: sameAs,
  listValue: (): Value | null => null,
}

export const types: Readonly<Record<TypeName, TypeDefinition>> = {
  string: stringLike,
  address: {
    ...stringLike,
    operand: () => refine(text({ max: 320 }), (value) => comparableAddress(value)),
    normalise: (value) => comparableAddress(String(value)),
    lists: ['string', 'address'],
    listValue: (entry) => comparableAddress(entry),
  },
  domain: {
    many: false,
    operand: () => patternOperand,
    normalise: (value) => comparableDomain(String(value)),
    lists: ['domain'],
    oneOf(operands) {
      const matches = domainMatcher(operands.map(String))
      return (value) => matches(String(value))
    },
    listValue: (entry) => domainPattern(entry),
  },
  list: { ...stringLike, many: true },
  header: { ...stringLike, many: true },
  enum: {
    many: false,
    operand: (field) => choice(field.values ?? []) as Shape<Value>,
    normalise: (value) => value,
    lists: [],
    oneOf: sameAs,
    listValue: () => null,
  },
  label: {
    many: false,
    operand: () => ({
      schema: { type: 'string' },
      read(node, env) {
        const id = node.kind === 'scalar' ? String(node.value).toLowerCase() : ''
        const known = env.labels.list.find((label) => label.id === id)
        if (known) return known.id
        env.findings.add(
          'unknown-label',
          node.at,
          { name: node.kind === 'scalar' ? node.source : node.kind },
          nearest(
            id,
            env.labels.list.map((label) => label.id),
          ),
        )
        return undefined
      },
    }),
    normalise: (value, scene) => scene.labels.resolve(String(value)),
    lists: [],
    oneOf: sameAs,
    listValue: () => null,
  },
  boolean: {
    ...numberLike,
    operand: () => flag as Shape<Value>,
    normalise: (value) => (typeof value === 'boolean' ? value : undefined),
  },
  size: { ...numberLike, operand: () => size as Shape<Value> },
  count: { ...numberLike, operand: () => integer(0, 1_000_000) as Shape<Value> },
  time: {
    ...numberLike,
    operand: () => moment as Shape<Value>,
    normalise: (value) => instant(String(value)) ?? undefined,
  },
  /** How many a detector found. */
  finds: { ...numberLike, operand: () => integer(0, 10_000) as Shape<Value> },
  /** Long text of which perhaps only a part is known. */
  text: { ...stringLike, lists: ['string'] },
  fileType: {
    many: true,
    operand: () => refine(text({ max: 200 }), (value): Value => canonicalFileType(value)),
    normalise: (value) => canonicalFileType(String(value)),
    lists: ['fileType'],
    oneOf: sameAs,
    listValue: (entry) => canonicalFileType(entry),
  },
}
