import type { Position } from '../diagnostic.ts'

/** A YAML (or JSON) value that knows its place: all the language ever reads of a file. */
export type Node = (ScalarNode | ListNode | MapNode) & Measured

interface Measured {
  /** Of a node that was counted when it was read: how many nodes stand in and under it, and how deep. */
  readonly count?: number
  readonly depth?: number
}

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** As written, for sentences. */
  readonly source: string
  readonly at: Position
  /** Columns between `at` and the text: 1 for one in quotes. */
  readonly inset?: number
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly at: Position
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
  readonly at: Position
  /** Of a node that may stand in several places: as what it was read last, and in which way. */
  readonly reading?: Reading | undefined
}

export interface Reading {
  way: object | null
  value: unknown
}

export interface Entry {
  readonly key: string
  readonly at: Position
  readonly value: Node
}

/** The value under a key, or null. */
export function member(node: Node | null, key: string): Node | null {
  return entryOf(node, key)?.value ?? null
}

export function entryOf(node: Node | null, key: string): Entry | null {
  if (node?.kind !== 'map') return null
  const { entries } = node
  for (let i = 0; i < entries.length; i++) if (entries[i]!.key === key) return entries[i]!
  return null
}

/** The plain value without places. */
export function plain(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries(node.entries.map((entry) => [entry.key, plain(entry.value)]))
}

/** Key of the stand-in for a number that is not written as JSON writes it: a name or a tag `1.0` is not `1`. */
export const WRITTEN = '$number'
const START: Position = { line: 1, column: 1 }

/** Nodes of a plain JSON value, all placed at the start; null for one that is nested deeper than `depth`. */
export function nodeOf(value: unknown, depth: number): Node | null {
  const at = START
  if (depth < 0) return null
  if (Array.isArray(value)) {
    const items = value.map((item) => nodeOf(item, depth - 1))
    return items.includes(null) ? null : { kind: 'list', items: items as Node[], at }
  }
  if (typeof value === 'object' && value !== null) {
    const written = WRITTEN in value ? numberOf(value) : null
    if (written) return written
    const entries: Entry[] = []
    for (const [key, item] of Object.entries(value)) {
      const node = nodeOf(item, depth - 1)
      if (node === null) return null
      entries.push({ key, at, value: node })
    }
    return { kind: 'map', entries, at }
  }
  const known = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return known ? { kind: 'scalar', value, source: value === null ? '' : String(value), at } : null
}

/** What a stand-in stands for; null when it is none. */
export function numberOf(value: unknown): ScalarNode | null {
  const { [WRITTEN]: pair, ...rest } = value as { readonly [WRITTEN]?: unknown }
  if (!Array.isArray(pair) || pair.length !== 2 || Object.keys(rest).length > 0) return null
  const [number, source] = pair as readonly unknown[]
  // One form for one value: what JSON can write stands as itself.
  if (typeof number !== 'number' || typeof source !== 'string' || String(number) === source) return null
  return { kind: 'scalar', value: number, source, at: START }
}

/** How many nodes stand in and under this one. */
export function countNodes(node: Node): number {
  if (node.count !== undefined) return node.count
  let count = 1
  if (node.kind === 'list') for (let i = 0; i < node.items.length; i++) count += countNodes(node.items[i]!)
  if (node.kind === 'map') for (let i = 0; i < node.entries.length; i++) count += countNodes(node.entries[i]!.value)
  return count
}

/** What a node is, in one word for sentences. */
export function kindOf(node: Node): string {
  if (node.kind !== 'scalar') return node.kind
  return node.value === null ? 'null' : typeof node.value
}

/** A short quotation of a node for sentences. */
export function quote(node: Node): string {
  return node.kind === 'scalar' ? `"${node.source}"` : JSON.stringify(plain(node))
}
