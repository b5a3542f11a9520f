/** Writes nodes as canonical JSON (`canonicalJson`): what a bundle carries, and what a revision is taken over. */
import { byCode, canonicalJson } from '../text/canonical.ts'
import { type Entry, type Node, WRITTEN } from './node.ts'

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
