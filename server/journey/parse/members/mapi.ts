import type { Steps } from '../../../../shared/policy/steps.ts'

export interface MapiProperty {
  readonly id: number
  readonly type: number
  /** Of several values the first. */
  readonly value: Buffer
}

const PROPERTIES_MAX = 10_000
/** Of one property, that are read in one step. */
const VALUES = 10_000
/** Bytes of a value on the wire by type, padded to four (MS-OXTNEF 2.1.3.3, MS-OXCDATA 2.11.1). */
const FIXED: Readonly<Record<number, number>> = {
  1: 4,
  2: 4,
  3: 4,
  4: 4,
  5: 8,
  6: 8,
  7: 8,
  10: 4,
  11: 4,
  20: 8,
  64: 8,
  72: 16,
}

/** Properties of an encapsulated list; `whole` is false where it ends too early or holds a type nobody defined. */
export function* readProperties(bytes: Buffer): Steps<{
  readonly properties: readonly MapiProperty[]
  readonly whole: boolean
}> {
  const properties: MapiProperty[] = []
  const stopped = { properties, whole: false }
  if (bytes.length < 4) return stopped
  const count = bytes.readUInt32LE(0)
  let at = 4
  for (let number = 0; number < count; number++) {
    if (number >= PROPERTIES_MAX || at + 4 > bytes.length) return stopped
    const type = bytes.readUInt16LE(at)
    const id = bytes.readUInt16LE(at + 2)
    const named = id >= 0x8000 ? nameLength(bytes, at + 4) : 0
    if (named === null) return stopped
    at += 4 + named
    if (number % 1_000 === 999) yield
    const value = yield* values(bytes, at, type)
    if (!value) return stopped
    properties.push({ id, type: type & 0x0fff, value: value.first })
    at = value.next
  }
  return { properties, whole: true }
}

/** A named property has a set, and a number or a name. */
function nameLength(bytes: Buffer, at: number): number | null {
  if (at + 24 > bytes.length) return null
  if (bytes.readUInt32LE(at + 16) === 0) return 24
  return 24 + padded(bytes.readUInt32LE(at + 20))
}

function* values(
  bytes: Buffer,
  start: number,
  type: number,
): Steps<{ readonly first: Buffer; readonly next: number } | null> {
  const single = type & 0x0fff
  const fixed = FIXED[single]
  const counted = (type & 0x1000) !== 0 || fixed === undefined
  if (fixed === undefined && ![0x0d, 0x1e, 0x1f, 0x102].includes(single)) return null
  if (counted && start + 4 > bytes.length) return null
  let left = counted ? bytes.readUInt32LE(start) : 1
  let at = counted ? start + 4 : start
  if (left > bytes.length) return null
  let first: Buffer = Buffer.alloc(0)
  for (let position = 0; left > 0; left--, position++) {
    if (position % VALUES === VALUES - 1) yield
    let length = fixed
    if (length === undefined) {
      if (at + 4 > bytes.length) return null
      length = bytes.readUInt32LE(at)
      at += 4
    }
    if (at + length > bytes.length) return null
    if (position === 0) first = bytes.subarray(at, at + length)
    at += padded(length)
  }
  return { first, next: at }
}

const padded = (length: number) => Math.ceil(length / 4) * 4
