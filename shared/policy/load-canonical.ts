/** From canonical rule sets, such as a bundle carries, to a policy. */
import {
  type LoadedPolicy,
  type LoadOptions,
  loadingDocuments,
  type PolicyDocument,
  type PolicyFile,
  UNORDERED,
} from './load.ts'
import { readingCanonical } from './parse/canonical-json.ts'
import { member, type Node, nodeOf } from './parse/node.ts'
import { completed, type Steps } from './steps.ts'

/** As in a file of rules, and the levels that stand-ins for numbers add. */
const MAX_DEPTH = 34

/** Files as `LoadedPolicy.canonical` gives them; one that is no rule set at all stands alone in `damaged`. */
export function loadCanonical(files: readonly PolicyFile[], options: LoadOptions = {}): LoadedPolicy | Damaged {
  return completed(loadingCanonical(files, options))
}

interface Damaged {
  readonly damaged: string
}

/** As `loadCanonical`, stopping now and then. */
export function* loadingCanonical(
  files: readonly PolicyFile[],
  options: LoadOptions = {},
): Steps<LoadedPolicy | Damaged> {
  const documents: PolicyDocument[] = []
  const objects = new Map<string, Node>()
  for (const { name: file, text } of files) {
    const shared = yield* readingCanonical(text, MAX_DEPTH, objects)
    if (shared && inOrder(shared)) {
      documents.push({ file, root: shared, canonical: text })
      continue
    }
    const root = nodeOf(parsed(text), MAX_DEPTH)
    if (root === null) return { damaged: file }
    documents.push({ file, root })
  }
  return yield* loadingDocuments(documents, options)
}

/** The value of a JSON text, or undefined. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Whether the lists of a set whose order means nothing are in the order of their ids. */
function inOrder(root: Node): boolean {
  const spec = member(root, 'spec')
  return UNORDERED.every((key) => {
    const list = member(spec, key)
    if (list?.kind !== 'list') return true
    let before = ''
    return list.items.every((item) => {
      const id = member(item, 'id')
      const ordered = id?.kind === 'scalar' && before <= String(id.value)
      before = id?.kind === 'scalar' ? String(id.value) : ''
      return ordered
    })
  })
}
