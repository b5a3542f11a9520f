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
  return writer.text()
}

/** Pieces that are joined at a time: no text is copied twice, and their list never grows. */
const AT_ONCE = 4096

class Writer {
  readonly #joined: string[] = []
  readonly #pieces = new Array<string>(AT_ONCE).fill('')
  #count = 0
  /** Few keys stand in many places. */
  readonly #heads = new Map<string, string>()

  write(node: Node): void {
    if (node.kind === 'map') {
      const entries = inOrder(node.entries)
      this.#add('{')
      for (let i = 0; i < entries.length; i++) {
        if (i > 0) this.#add(',')
        this.#add(this.#head(entries[i]!.key))
        this.write(entries[i]!.value)
      }
      this.#add('}')
    } else if (node.kind === 'list') {
      this.#add('[')
      for (let i = 0; i < node.items.length; i++) {
        if (i > 0) this.#add(',')
        this.write(node.items[i]!)
      }
      this.#add(']')
    } else {
      const { value, source } = node
      const odd = typeof value === 'number' && String(value) !== source
      this.#add(canonicalJson(odd ? { [WRITTEN]: [value, source] } : value))
    }
  }

  text(): string {
    return this.#joined.join('') + this.#pieces.slice(0, this.#count).join('')
  }

  #add(piece: string): void {
    if (this.#count === AT_ONCE) {
      this.#joined.push(this.#pieces.join(''))
      this.#count = 0
    }
    this.#pieces[this.#count++] = piece
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

/** Maps are small: what comes out of place is moved forward. */
function inOrder(entries: readonly Entry[]): readonly Entry[] {
  let at = 1
  while (at < entries.length && entries[at - 1]!.key < entries[at]!.key) at++
  if (at >= entries.length) return entries
  const sorted = entries.slice()
  if (sorted.length > FEW) return sorted.sort((a, b) => byCode(a.key, b.key))
  for (; at < sorted.length; at++) {
    const entry = sorted[at]!
    let to = at
    for (; to > 0 && sorted[to - 1]!.key > entry.key; to--) sorted[to] = sorted[to - 1]!
    sorted[to] = entry
  }
  return sorted
}

const FEW = 16
