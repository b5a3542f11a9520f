import type { Position } from '../diagnostic.ts'

/** A YAML (or JSON) value that knows its place: all the language ever reads of a file. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** As written, for sentences. */
  readonly source: string
  readonly at: Position
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
  return node.entries.find((entry) => entry.key === key) ?? null
}

/** The plain value without places. */
export function plain(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries(node.entries.map((entry) => [entry.key, plain(entry.value)]))
}

/** How many nodes stand in and under this one. */
export function countNodes(node: Node): number {
  if (node.kind === 'scalar') return 1
  if (node.kind === 'list') return node.items.reduce((sum, item) => sum + countNodes(item), 1)
  return node.entries.reduce((sum, entry) => sum + countNodes(entry.value), 1)
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
