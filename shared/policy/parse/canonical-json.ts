/**
 * Reads canonical JSON (`canonicalJson`) straight into nodes, as a bundle carries it. Equal objects become one node, so that
 * whoever reads nodes reads each only once: rules repeat each other's conditions and actions.
 */
import type { Position } from '../diagnostic.ts'
import { type Entry, type Node, WRITTEN } from './node.ts'

const START: Position = { line: 1, column: 1 }
/** A longer object is hardly ever met again. */
const MAX_SHARED = 500
const MAX_NAMES = 1000

/** The nodes of a text, all placed at the start; null for a text that is not canonical, is nested deeper than `depth` or has numbers with a written form of their own. `objects`: those of texts read before, to share. */
export function readCanonical(text: string, depth: number, objects = new Map<string, Node>()): Node | null {
  const reader = new Reader(text, objects)
  const root = reader.value(depth)
  return reader.at === text.length ? root : null
}

class Reader {
  /** Where the next value begins; somewhere behind the text after a value that could not be read. */
  at = 0
  readonly #text: string
  readonly #objects: Map<string, Node>
  /** Entries and items of what is not read to its end yet, one behind the other. */
  readonly #entries: Entry[] = []
  readonly #items: Node[] = []
  readonly #keys = new Map<string, string>()
  /** Parts of what may be met again are met with the whole. */
  #inShared = false

  constructor(text: string, objects: Map<string, Node>) {
    this.#text = text
    this.#objects = objects
  }

  value(depth: number): Node | null {
    if (depth < 0) return this.#fail()
    switch (this.#text.charCodeAt(this.at)) {
      case QUOTE: {
        const value = this.#string()
        return value === null ? null : { kind: 'scalar', value, source: value, at: START }
      }
      case OBJECT:
        return this.#sharedObject(depth)
      case LIST:
        return this.#list(depth)
      default:
        return this.#word()
    }
  }

  #fail(): null {
    this.at = Number.POSITIVE_INFINITY
    return null
  }

  /** A value's text is never the beginning of another value's: where a known one stands, it is the same object. */
  #sharedObject(depth: number): Node | null {
    const from = this.at
    const end = this.#inShared ? null : this.#likelyEnd(from)
    if (end === null) return this.#object(depth, false)
    const text = this.#text.slice(from, end)
    const known = this.#objects.get(text)
    if (known && (known.depth ?? 0) <= depth) {
      this.at = end
      return known
    }
    this.#inShared = true
    const node = this.#object(depth, true)
    this.#inShared = false
    if (this.at === end && node !== null) this.#objects.set(text, node)
    return node
  }

  /** Behind the brace that closes the object at `from`, as long as no text holds a brace and no list stands behind an inner object. */
  #likelyEnd(from: number): number | null {
    const text = this.#text
    // What has an id stands there once.
    if (text.startsWith('{"id":', from)) return null
    const close = text.indexOf('}', from)
    if (close < 0 || close - from > MAX_SHARED) return null
    let end = close + 1
    for (let open = text.indexOf('{', from + 1); open >= 0 && open < close; open = text.indexOf('{', open + 1)) {
      if (text.charCodeAt(end) !== OBJECT_END) return null
      end++
    }
    return end
  }

  #object(depth: number, shared: boolean): Node | null {
    const text = this.#text
    const from = this.#entries.length
    const reading = shared ? { way: null, value: undefined } : undefined
    let before = ''
    let count = 1
    let deepest = 0
    this.at++
    if (text.charCodeAt(this.at) === OBJECT_END) {
      this.at++
      return { kind: 'map', entries: [], at: START, count, depth: 0, reading }
    }
    for (;;) {
      const key = text.charCodeAt(this.at) === QUOTE ? this.#key() : null
      if (key === null || (this.#entries.length > from && key <= before) || key === WRITTEN) return this.#fail()
      if (text.charCodeAt(this.at++) !== COLON) return this.#fail()
      const value = this.value(depth - 1)
      if (value === null) return null
      this.#entries.push({ key, at: START, value })
      before = key
      count += value.count ?? 1
      deepest = Math.max(deepest, 1 + (value.depth ?? 0))
      const next = text.charCodeAt(this.at++)
      if (next === OBJECT_END) {
        const entries = taken(this.#entries, from)
        return { kind: 'map', entries, at: START, count, depth: deepest, reading }
      }
      if (next !== COMMA) return this.#fail()
    }
  }

  #list(depth: number): Node | null {
    const text = this.#text
    const from = this.#items.length
    let count = 1
    let deepest = 0
    this.at++
    if (text.charCodeAt(this.at) === LIST_END) {
      this.at++
      return { kind: 'list', items: [], at: START, count, depth: 0 }
    }
    for (;;) {
      const item = this.value(depth - 1)
      if (item === null) return null
      this.#items.push(item)
      count += item.count ?? 1
      deepest = Math.max(deepest, 1 + (item.depth ?? 0))
      const next = text.charCodeAt(this.at++)
      if (next === LIST_END) return { kind: 'list', items: taken(this.#items, from), at: START, count, depth: deepest }
      if (next !== COMMA) return this.#fail()
    }
  }

  /** Few keys stand in many places: one text for each. */
  #key(): string | null {
    const key = this.#string()
    if (key === null) return null
    const known = this.#keys.get(key)
    if (known === undefined && this.#keys.size < MAX_NAMES) this.#keys.set(key, key)
    return known ?? key
  }

  #string(): string | null {
    const text = this.#text
    const from = this.at
    let end = text.indexOf('"', from + 1)
    const bare = end < 0 ? '' : text.slice(from + 1, end)
    if (end >= 0 && BARE.test(bare)) {
      this.at = end + 1
      return bare
    }
    while (end >= 0 && escaped(text, end)) end = text.indexOf('"', end + 1)
    const written = text.slice(from, end + 1)
    const value = end < 0 ? null : parsedText(written)
    if (value === null || JSON.stringify(value) !== written) return this.#fail()
    this.at = end + 1
    return value
  }

  /** `true`, `false`, `null` or a number. */
  #word(): Node | null {
    const text = this.#text
    const from = this.at
    let end = from
    while (end < text.length && !ENDS.includes(text.charCodeAt(end))) end++
    const source = text.slice(from, end)
    this.at = end
    if (source === 'true' || source === 'false') return { kind: 'scalar', value: source === 'true', source, at: START }
    if (source === 'null') return { kind: 'scalar', value: null, source: '', at: START }
    const value = Number(source)
    return source !== '' && Number.isFinite(value) && String(value) === source
      ? { kind: 'scalar', value, source, at: START }
      : this.#fail()
  }
}

const QUOTE = 34
const COMMA = 44
const COLON = 58
const LIST = 91
const LIST_END = 93
const OBJECT = 123
const OBJECT_END = 125
const ENDS: readonly number[] = [COMMA, LIST_END, OBJECT_END]
/** What JSON writes as it is, of ASCII. */
const BARE = /^[ !#-[\]-~]*$/

/** Takes what stands in a list from a place on; in a list just as long. */
function taken<T>(list: T[], from: number): readonly T[] {
  const own = list.slice(from)
  list.length = from
  return own
}

function escaped(text: string, quote: number): boolean {
  let slashes = 0
  while (text.charCodeAt(quote - 1 - slashes) === 92) slashes++
  return slashes % 2 === 1
}

function parsedText(written: string): string | null {
  try {
    return JSON.parse(written) as string
  } catch {
    return null
  }
}
