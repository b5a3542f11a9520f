/** Tests on lists whose entries come from outside. */
import type { ListCopies, ListCopy, ListSource, ListType } from './list-source.ts'
import type { FieldDefinition, Scene, TypeName } from './registry/field.ts'
import { types, type Value } from './registry/types.ts'
import { instant } from './text/units.ts'

/** What a test on a list refers to when not all of its entries stand in the policy. */
export interface LiveOperand {
  /** Lists by `set/list`. */
  readonly live: readonly string[]
  /** Entries that stand in the policy, as operands. */
  readonly values: readonly Value[]
}

export function isLive(operand: unknown): operand is LiveOperand {
  return typeof operand === 'object' && operand !== null && 'live' in operand
}

/** The copy that counts for this mail; null when there is none or it is too old. */
export function copyOf(name: string, { lists, input }: Scene): ListCopy | null {
  const copy = lists?.get(name)
  if (!copy) return null
  const now = instant(input.time)
  return now !== null && now < copy.goodUntil ? copy : null
}

const matchers = new WeakMap<readonly string[], Map<TypeName, (value: Value) => boolean>>()

/** Whether a fact is one of a copy's entries. */
export function stands(value: Value, { values }: ListCopy, field: FieldDefinition): boolean {
  let known = matchers.get(values)
  if (!known) {
    known = new Map()
    matchers.set(values, known)
  }
  let matches = known.get(field.type)
  if (!matches) {
    const type = types[field.type]
    matches = type.oneOf(values.map((entry) => type.listValue(entry)).filter((entry) => entry !== null))
    known.set(field.type, matches)
  }
  return matches(value)
}

/** Type of field that entries of a kind of list are compared as. */
const COMPARED: Readonly<Record<ListType, TypeName>> = {
  string: 'string',
  domain: 'domain',
  address: 'address',
  group: 'list',
  fileType: 'fileType',
}

/** An entry that is none of its kind, such as a domain with a space; null when all are sound. */
export function unsoundEntry(type: ListType, values: readonly string[]): string | null {
  const { listValue } = types[COMPARED[type]]
  return values.find((value) => value.length > 320 || listValue(value) === null) ?? null
}

/** Versions of the lists a mail is decided with; null for one that is unknown then. */
export function listVersions(
  sources: ReadonlyMap<string, ListSource>,
  lists: ListCopies,
  time: string,
): Readonly<Record<string, string | null>> {
  const scene = { lists, input: { time } } as Scene
  return Object.fromEntries([...sources.keys()].map((name) => [name, copyOf(name, scene)?.version ?? null]))
}
