import { sha256 } from '../../words/sha256.ts'

/** One text per value (after RFC 8785): keys sorted by code unit, no space, `undefined` members left out. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? listText(value) : objectText(value)
    default:
      return JSON.stringify(value) ?? 'null'
  }
}

function listText(list: readonly unknown[]): string {
  let text = ''
  for (let i = 0; i < list.length; i++) text += (i === 0 ? '' : ',') + canonicalJson(list[i] ?? null)
  return `[${text}]`
}

function objectText(value: object): string {
  const members = value as Readonly<Record<string, unknown>>
  const { sorted, heads } = shapeOf(Object.keys(members))
  let text = ''
  for (let i = 0; i < sorted.length; i++) {
    const member = members[sorted[i]!]
    if (member !== undefined) text += (text === '' ? '' : ',') + heads[i]! + canonicalJson(member)
  }
  return `{${text}}`
}

/** Keys of an object as they come, in order, and as they are written. */
interface Shape {
  readonly keys: readonly string[]
  readonly sorted: readonly string[]
  readonly heads: readonly string[]
}

/** Shapes that were met last, by number of keys: objects of one kind come again and again. Few, so that none has to go. */
const shapes: Shape[][] = []
const MAX_KEYS = 32
const MAX_KEPT = 4

function shapeOf(keys: readonly string[]): Shape {
  const known = shapes[keys.length]
  if (known) for (let i = 0; i < known.length; i++) if (sameKeys(known[i]!.keys, keys)) return known[i]!
  // Without a comparison function, `sort` orders by code unit.
  const sorted = keys.toSorted()
  const shape = { keys, sorted, heads: sorted.map((key) => `${quoted(key)}:`) }
  if (keys.length <= MAX_KEYS) shapes[keys.length] = [shape, ...(known ?? []).slice(0, MAX_KEPT - 1)]
  return shape
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** What JSON writes between quotes as it is, but for line ends; everything else is left to the platform. */
const BARE = /^[ !#-[\]-~\n]*$/

/** The platform looks at a text with line ends character by character: a long one takes it three times as long. */
function quoted(text: string): string {
  if (!BARE.test(text)) return JSON.stringify(text)
  return `"${text.includes('\n') ? text.replaceAll('\n', '\\n') : text}"`
}

/** Whether the canonical texts of two values of JSON are the same, told without writing them. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && isSameList(a, b)
  const [own, other] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  let members = 0
  for (const key of Object.keys(own)) {
    if (own[key] === undefined) continue
    if (!Object.hasOwn(other, key) || !isSameJson(own[key], other[key])) return false
    members++
  }
  for (const key of Object.keys(other)) if (other[key] !== undefined) members--
  return members === 0
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!isSameJson(a[i] ?? null, b[i] ?? null)) return false
  return true
}

/** SHA-256 of the UTF-8 form of texts, one behind the other, hex; a platform's own is ten times faster than ours. */
export type Sha256 = (...texts: readonly string[]) => string

/** The `Sha256` that needs no platform. */
export function digest(...texts: readonly string[]): string {
  return Array.from(sha256(texts.join('')), (byte) => (byte + 256).toString(16).slice(1)).join('')
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
