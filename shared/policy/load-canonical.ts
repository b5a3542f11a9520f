/** From canonical rule sets, such as a bundle carries, to a policy. */
import {
  type CanonicalDocument,
  type LoadedPolicy,
  type LoadOptions,
  loadingDocuments,
  type PolicyFile,
} from './load.ts'
import { readingCanonical } from './parse/canonical-json.ts'
import { idOf, UNORDERED } from './parse/canonical-text.ts'
import { member, type Node } from './parse/node.ts'
import type { Steps } from './steps.ts'

/** As in a file of rules. */
const MAX_DEPTH = 32

/** Files as `LoadedPolicy.canonical` gives them, stopping now and then; null when one of them is no such text. */
export function* loadingCanonical(files: readonly PolicyFile[], options: LoadOptions = {}): Steps<LoadedPolicy | null> {
  const documents: CanonicalDocument[] = []
  const objects = new Map<string, Node>()
  for (const { name: file, text } of files) {
    const root = yield* readingCanonical(text, MAX_DEPTH, objects)
    if (!root || !inOrder(root)) return null
    documents.push({ file, root, text })
  }
  return yield* loadingDocuments(documents, options)
}

/** Whether the lists of a set whose order means nothing are in the order of their ids. */
function inOrder(root: Node): boolean {
  const spec = member(root, 'spec')
  return UNORDERED.every((key) => {
    const list = member(spec, key)
    if (list?.kind !== 'list') return true
    let before = ''
    return list.items.every((item) => {
      const id = idOf(item)
      const ordered = before <= id
      before = id
      return ordered
    })
  })
}
