/** Writes nodes as canonical JSON (`canonicalJson`): what a bundle carries, and what a revision is taken over. */
import { byCode, canonicalJson } from '../text/canonical.ts'
import { type Entry, member, type Node, WRITTEN } from './node.ts'

/** Lists of a set whose order means nothing. */
export const UNORDERED = ['rules', 'exceptions', 'guarantees']

/** The text of a rule set, its rules, exceptions and guarantees by id: layout and order of writing are gone. */
export function canonicalSet(root: Node): string {
  return canonicalText(
    changed(root, 'spec', (spec) =>
      UNORDERED.reduce(
        (set, key) =>
          changed(set, key, (list) => (list.kind === 'list' ? { ...list, items: list.items.toSorted(byId) } : list)),
        spec,
      ),
    ),
  )
}

function changed(node: Node, key: string, change: (value: Node) => Node): Node {
  if (node.kind !== 'map') return node
  const entries = node.entries.map((entry) => (entry.key === key ? { ...entry, value: change(entry.value) } : entry))
  return { ...node, entries }
}

const byId = (a: Node, b: Node) => byCode(idOf(a), idOf(b))

/** As it is read: a number stands as it is written. */
export function idOf(item: Node): string {
  const id = member(item, 'id')
  if (id?.kind !== 'scalar') return ''
  return typeof id.value === 'number' ? id.source : String(id.value)
}

/** The text from which `nodeOf` makes the same nodes again, places aside; the order of keys does not count. */
export function canonicalText(root: Node): string {
  const writer = new Writer()
  writer.write(root)
  return writer.pieces.join('')
}

class Writer {
  /** In one list: joined in the end, no text is copied twice. */
  readonly pieces: string[] = []
  /** Few keys stand in many places. */
  readonly #heads = new Map<string, string>()

  write(node: Node): void {
    const { pieces } = this
    if (node.kind === 'map') {
      const entries = inOrder(node.entries)
      for (let i = 0; i < entries.length; i++) {
        pieces.push(i === 0 ? '{' : ',', this.#head(entries[i]!.key))
        this.write(entries[i]!.value)
      }
      pieces.push(entries.length === 0 ? '{}' : '}')
    } else if (node.kind === 'list') {
      for (let i = 0; i < node.items.length; i++) {
        pieces.push(i === 0 ? '[' : ',')
        this.write(node.items[i]!)
      }
      pieces.push(node.items.length === 0 ? '[]' : ']')
    } else {
      const { value, source } = node
      const odd = typeof value === 'number' && String(value) !== source
      pieces.push(canonicalJson(odd ? { [WRITTEN]: [value, source] } : value))
    }
  }

  #head(key: string): string {
    let head = this.#heads.get(key)
    if (head === undefined) {
      head = `${canonicalJson(key)}:`
      this.#heads.set(key, head)
    }
    return head
  }
}

function inOrder(entries: readonly Entry[]): readonly Entry[] {
  for (let i = 1; i < entries.length; i++)
    if (entries[i - 1]!.key > entries[i]!.key) return entries.toSorted((a, b) => byCode(a.key, b.key))
  return entries
}
