/**
 * Reads canonical JSON (`canonicalJson`) straight into nodes, as a bundle carries it. Equal objects become one node, so that
 * whoever reads nodes reads each only once: rules repeat each other's conditions and actions.
 */
import type { Position } from '../diagnostic.ts'
import { completed, type Steps } from '../steps.ts'
import { canonicalJson } from '../text/canonical.ts'
import { type Entry, type Node, numberOf, WRITTEN } from './node.ts'

const START: Position = { line: 1, column: 1 }
/** A longer object is hardly ever met again. */
const MAX_SHARED = 500
/** Keys that are told from others of their length by comparing. */
const MAX_ALIKE = 16
const LONGEST = 64
const NONE: readonly string[] = []
/** Levels of a rule set down to the list of its rules, and how many of those are read between stops. */
const LEVELS = 3
const STEP = 64

/** The nodes of a text, all placed at the start; null for a text that is not canonical or is nested deeper than `depth`. `objects`: those of texts read before, to share. */
export function readCanonical(text: string, depth: number, objects = new Map<string, Node>()): Node | null {
  return completed(readingCanonical(text, depth, objects))
}

/** As `readCanonical`, stopping now and then. */
export function* readingCanonical(text: string, depth: number, objects: Map<string, Node>): Steps<Node | null> {
  const reader = new Reader(text, objects)
  const root = yield* reader.steps(depth, LEVELS)
  return reader.at === text.length ? root : null
}

class Reader {
  /** Where the next value begins; somewhere behind the text after a value that could not be read. */
  at = 0
  readonly #text: string
  readonly #objects: Map<string, Node>
  /** Entries and items of what is not read to its end yet, one behind the other. */
  readonly #entries = new Stack<Entry>()
  readonly #items = new Stack<Node>()
  /** Keys that are written as they are, by their length. */
  readonly #keys: string[][] = []
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
        return this.#begins(NUMBER) ? this.#number() : this.#sharedObject(depth)
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

  /** Whether an object begins with this key. */
  #begins(head: string): boolean {
    // Most are told by one character.
    return this.#text.charCodeAt(this.at + 2) === head.charCodeAt(2) && this.#text.startsWith(head, this.at)
  }

  /** A value's text is never the beginning of another value's: where a known one stands, it is the same object. */
  #sharedObject(depth: number): Node | null {
    const from = this.at
    // What has an id stands there once.
    const end = this.#inShared || this.#begins(ID) ? null : this.#likelyEnd(from)
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
    const from = this.#begin(this.#entries)
    if (this.#ended(OBJECT_END)) return this.#map(from, shared)
    for (;;) {
      const key = this.#nextKey(from)
      const value = key === null ? null : this.value(depth - 1)
      if (key === null || value === null) return null
      this.#entries.push({ key, at: START, value })
      if (this.#closed(OBJECT_END)) return this.#map(from, shared)
    }
  }

  #list(depth: number): Node | null {
    const from = this.#begin(this.#items)
    if (this.#ended(LIST_END)) return this.#listOf(from)
    for (;;) {
      const item = this.value(depth - 1)
      if (item === null) return null
      this.#items.push(item)
      if (this.#closed(LIST_END)) return this.#listOf(from)
    }
  }

  /** As `value`, stopping now and then among what stands in the outermost `levels`. */
  *steps(depth: number, levels: number): Steps<Node | null> {
    const code = this.#text.charCodeAt(this.at)
    const large = code === LIST || (code === OBJECT && this.#likelyEnd(this.at) === null)
    if (levels === 0 || depth < 0 || !large) return this.value(depth)
    const end = code === OBJECT ? OBJECT_END : LIST_END
    const from = this.#begin(code === OBJECT ? this.#entries : this.#items)
    for (let i = 0; i > 0 || !this.#ended(end); i++) {
      const key = code === OBJECT ? this.#nextKey(from) : ''
      const value = key === null ? null : levels > 1 ? yield* this.steps(depth - 1, levels - 1) : this.value(depth - 1)
      if (key === null || value === null) return null
      if (code === OBJECT) this.#entries.push({ key, at: START, value })
      else this.#items.push(value)
      if (this.#closed(end)) break
      if (i % STEP === 0) yield
    }
    return code === OBJECT ? this.#map(from, false) : this.#listOf(from)
  }

  /** Gives where its own begins on the stack. */
  #begin(stack: Stack<unknown>): number {
    this.at++
    return stack.length
  }

  /** Whether there is nothing in between. */
  #ended(end: number): boolean {
    if (this.#text.charCodeAt(this.at) !== end) return false
    this.at++
    return true
  }

  /** Whether the end comes behind what was read; anything but the end or a comma lets the next value fail. */
  #closed(end: number): boolean {
    const next = this.#text.charCodeAt(this.at++)
    if (next !== end && next !== COMMA) this.#fail()
    return next === end
  }

  /** Behind those from a place on. */
  #nextKey(from: number): string | null {
    const entries = this.#entries
    const key = this.#text.charCodeAt(this.at) === QUOTE ? this.#key() : null
    const unordered = key !== null && entries.length > from && key <= entries.last.key
    if (key === null || unordered || key === WRITTEN) return this.#fail()
    return this.#text.charCodeAt(this.at++) === COLON ? key : this.#fail()
  }

  #map(from: number, shared: boolean): Node {
    const entries = this.#entries.take(from)
    let count = 1
    let depth = 0
    for (let i = 0; i < entries.length; i++) {
      const { value } = entries[i]!
      count += value.count ?? 1
      depth = Math.max(depth, 1 + (value.depth ?? 0))
    }
    const reading = shared ? { way: null, value: undefined } : undefined
    return { kind: 'map', entries, at: START, count, depth, reading }
  }

  #listOf(from: number): Node {
    const items = this.#items.take(from)
    let count = 1
    let depth = 0
    for (let i = 0; i < items.length; i++) {
      count += items[i]!.count ?? 1
      depth = Math.max(depth, 1 + (items[i]!.depth ?? 0))
    }
    return { kind: 'list', items, at: START, count, depth }
  }

  /** What stands for a number that is not written as JSON writes it. */
  #number(): Node | null {
    const from = this.at
    this.at = this.#text.indexOf('}', from) + 1
    const text = this.#text.slice(from, this.at)
    const value = parsed(text)
    return (canonicalJson(value) === text ? numberOf(value) : null) ?? this.#fail()
  }

  /** Few keys stand in many places: one text for each, that of a property, which others are told from by sight. */
  #key(): string | null {
    const text = this.#text
    const from = this.at + 1
    const end = text.indexOf('"', from)
    const alike = this.#keys[end - from] ?? NONE
    for (let i = 0; i < alike.length; i++) {
      if (!text.startsWith(alike[i]!, from)) continue
      this.at = end + 1
      return alike[i]!
    }
    const key = this.#string()
    if (key === null || key.length !== end - from || key.length > LONGEST || alike.length >= MAX_ALIKE) return key
    const [name = key] = Object.keys({ [key]: null })
    this.#keys[key.length] = [...alike, name]
    return name
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
    const value = end < 0 ? null : parsed(written)
    if (typeof value !== 'string' || JSON.stringify(value) !== written) return this.#fail()
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
/** How a number of a written form of its own begins. */
const NUMBER = `{"${WRITTEN}":`
const ID = '{"id":'
const ENDS: readonly number[] = [COMMA, LIST_END, OBJECT_END]
/** What JSON writes as it is, of ASCII. */
const BARE = /^[ !#-[\]-~]*$/

/** Grows and never shrinks: a list that is cut is made anew. */
class Stack<T> {
  length = 0
  readonly #list: T[] = []

  get last(): T {
    return this.#list[this.length - 1]!
  }

  push(one: T): void {
    this.#list[this.length++] = one
  }

  /** Takes what stands from a place on; in a list just as long. */
  take(from: number): readonly T[] {
    const own = this.#list.slice(from, this.length)
    this.length = from
    return own
  }
}

function escaped(text: string, quote: number): boolean {
  let slashes = 0
  while (text.charCodeAt(quote - 1 - slashes) === 92) slashes++
  return slashes % 2 === 1
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
