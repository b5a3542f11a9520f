/**
 * Fields cut into regions: classes of facts that no test of the conditions at hand tells apart. Finite tests (equality,
 * membership, order, domains) cut a field exactly; every other test (a pattern, a schedule) is a dimension of its own
 * whose only regions are "holds" and "does not". Whatever is concluded for all regions holds for all facts.
 */

import type { Normalised } from '../facts.ts'
import type { Test } from '../ir.ts'
import type { TenantLabels } from '../labels.ts'
import type { FieldDefinition } from '../registry/field.ts'
import { types, type Value } from '../registry/types.ts'

export type State = 'unknown' | 'absent' | 'present'

export interface Region {
  readonly state: State
  /** A fact of the region, or for a test of its own whether it holds; null where there is no value. */
  readonly value: Value | null
  /** The region is this one value. */
  readonly exact: boolean
  /** The fact is only a lower bound of the true one. */
  readonly bound: boolean
}

/** Operators whose answer depends only on which of their operands the value equals, exceeds or lies under. */
const FINITE = new Set([
  'is',
  'not',
  'in',
  'notIn',
  'inList',
  'notInList',
  'exists',
  'under',
  'atLeast',
  'atMost',
  'gt',
  'gte',
  'lt',
  'lte',
  'between',
  'before',
  'after',
])

/** Fields with several values, and texts that may be cut off, have no regions of their own: every test stands for itself. */
export function cutsItsField(test: Test, field: FieldDefinition): boolean {
  if (types[field.type].many || !FINITE.has(test.operator.name)) return false
  return !field.atLeast || field.type === 'size' || field.type === 'count'
}

const UNKNOWN: Region = { state: 'unknown', value: null, exact: true, bound: false }
const ABSENT: Region = { state: 'absent', value: null, exact: true, bound: false }
const present = (value: Value, exact: boolean, bound = false): Region => ({ state: 'present', value, exact, bound })

/** The regions of a test that stands for itself: unknown, absent, holds, does not hold. */
export const OPAQUE: readonly Region[] = [UNKNOWN, ABSENT, present(true, true), present(false, true)]

/** Values that the operands of a field's tests name. */
export function pointsOf(test: Test): readonly Value[] {
  const { operand, operator } = test
  if (operator.name === 'exists') return ['']
  const values = (Array.isArray(operand) ? operand : [operand]) as readonly Value[]
  return operator.name === 'under' ? values.flatMap((value) => [value, `*.${value}`]) : values
}

/** Regions of a field whose tests name these points: unknown, absent, then the values. */
export function regionsOf(field: FieldDefinition, points: ReadonlySet<Value>, labels: TenantLabels): readonly Region[] {
  const head = [UNKNOWN, ABSENT]
  switch (field.type) {
    case 'boolean':
      return [...head, present(true, true), present(false, true)]
    case 'enum':
      return [...head, ...(field.values ?? []).map((value) => present(value, true)), present(OTHER, false)]
    case 'label':
      return [...head, ...labels.list.map(({ id }) => present(id, true))]
    case 'size':
    case 'count':
      return [...head, ...intervals(numbers(points), 0, field.atLeast !== undefined)]
    case 'time':
      return [...head, ...intervals(numbers(points), Number.NEGATIVE_INFINITY, false)]
    case 'domain':
      return [...head, ...domains([...points].map(String))]
    default:
      return [...head, ...[...points].map((value) => present(value, true)), present(OTHER, false)]
  }
}

/** A value that nobody writes into a policy. */
const OTHER = 'zz-other'

function numbers(points: ReadonlySet<Value>): readonly number[] {
  return [...points]
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
}

/** Points and what lies between them; facts are whole numbers. With `bounds` everything twice: exact, and as a lower bound. */
function intervals(points: readonly number[], least: number, bounds: boolean): readonly Region[] {
  const regions: Region[] = []
  const add = (value: number, exact: boolean) => {
    regions.push(present(value, exact))
    if (bounds) regions.push(present(value, false, true))
  }
  let from = least
  for (const point of points) {
    if (point > from) add(point - 1, from === point - 1)
    if (point >= from) add(point, true)
    from = Math.max(from, point + 1)
  }
  add(from === Number.NEGATIVE_INFINITY ? 0 : from, false)
  return regions
}

function domains(patterns: readonly string[]): readonly Region[] {
  const exact = [...new Set(patterns.filter((one) => !one.startsWith('*.')))]
  const bases = [...new Set(patterns.filter((one) => one.startsWith('*.')).map((one) => one.slice(2)))]
  return [
    ...exact.map((name) => present(name, true)),
    ...bases.map((base) => present(`${OTHER}.${base}`, false)),
    present(`${OTHER}.example`, false),
  ]
}

/** The place of a normalised fact among a field's regions. `bound`: it is only a lower bound. */
export function locate(field: FieldDefinition, regions: readonly Region[], fact: Normalised, bound: boolean): number {
  if (fact === undefined) return 0
  if (fact === null || typeof fact === 'object') return 1
  if (field.type === 'size' || field.type === 'count' || field.type === 'time')
    return locateNumber(regions, Number(fact), bound)
  const same = regions.findIndex((region) => region.state === 'present' && region.exact && region.value === fact)
  if (same >= 0) return same
  if (field.type !== 'domain') return regions.length - 1
  // The longest base wins: a deeper one tells more apart.
  let best = regions.length - 1
  let length = -1
  for (const [index, { value, exact, state }] of regions.entries()) {
    if (state !== 'present' || exact || index === regions.length - 1) continue
    const base = String(value).slice(OTHER.length)
    if (String(fact).endsWith(base) && base.length > length) {
      best = index
      length = base.length
    }
  }
  return best
}

/** Regions stand in rising order; an open one ends at the next point, its value being the last number in it or, at the end, the first. */
function locateNumber(regions: readonly Region[], fact: number, bound: boolean): number {
  const own = regions.flatMap((region, index) => (region.state === 'present' && region.bound === bound ? [index] : []))
  return own.find((index) => fact <= Number(regions[index]?.value)) ?? own.at(-1) ?? 0
}

/** A set of indices as bits. Built at once: thousands of domains would make one bit after the other slow. */
export function bitSet(length: number, has: (index: number) => boolean): bigint {
  const digits: string[] = []
  for (let low = 0; low < length; low += 4) {
    let digit = 0
    for (let bit = 0; bit < 4 && low + bit < length; bit++) if (has(low + bit)) digit |= 1 << bit
    digits.push(digit.toString(16))
  }
  return BigInt(`0x0${digits.reverse().join('')}`)
}

/** Regions a fact of the field can lie in, for a mail as the gateway makes it. */
export function usual(field: FieldDefinition, regions: readonly Region[]): bigint {
  const states = STATES.get(field.name) ?? (field.name.startsWith('message.header.') ? LIST : ANY)
  const last = field.type === 'enum' ? regions.length - 1 : -1
  return bitSet(regions.length, (index) => states.includes(regions[index]!.state) && index !== last)
}

const ANY: readonly State[] = ['unknown', 'absent', 'present']
const KNOWN: readonly State[] = ['present']
const LIST: readonly State[] = ['absent', 'present']

/** Facts that PolicyInput always holds; a list without entries counts as absent. Fields not named here may lack. */
const STATES: ReadonlyMap<string, readonly State[]> = new Map([
  ...[
    'message.subject',
    'message.classification',
    'message.size',
    'message.authenticated',
    'message.source',
    'message.content',
    'message.autoSubmitted',
    'sender.address',
    'sender.domain',
    'sender.tenant',
    'sender.ours',
    'recipient.address',
    'recipient.domain',
    'recipient.external',
    'recipient.direction',
    'attachment.name',
    'attachment.extension',
    'attachment.declaredType',
    'attachment.mismatch',
    'attachment.size',
  ].map((name) => [name, KNOWN] as const),
  ['message.direction', LIST],
  ['message.time', ['unknown', 'present']],
  ['message.protection', LIST],
  ['message.defects', LIST],
  ['attachments.totalSize', ['unknown', 'present']],
  ['attachments.count', ['unknown', 'present']],
])
