import { type Calls, onDraft, text } from './answer.ts'
import type { Draft } from './item.ts'

/** Headers that were removed, per draft: some clients never take them again. */
const removed = new WeakMap<Draft, Set<string>>()

export const internetHeaders: Calls = {
  151: onDraft(({ internetHeaderKeys }, draft, { profile }) => {
    const found: Record<string, string> = {}
    for (const key of Array.isArray(internetHeaderKeys) ? internetHeaderKeys : []) {
      const name = text(key)
      const header = draft.headers.get(name.toLowerCase())
      if (header) found[profile.lowerCasesHeaders ? name.toLowerCase() : name] = header.value
    }
    return { data: found }
  }),
  152: onDraft(({ internetHeaderNameValuePairs }, draft, { profile, item }) => {
    for (const [name, value] of Object.entries((internetHeaderNameValuePairs ?? {}) as Record<string, string>)) {
      const key = name.toLowerCase()
      if (profile.forgetsRemovedHeaders && removed.get(draft)?.has(key)) continue
      draft.headers.set(key, { name: profile.lowerCasesHeaders ? key : name, value })
    }
    item.changed('headers')
    return {}
  }),
  153: onDraft(({ internetHeaderKeys }, draft, { item }) => {
    for (const key of Array.isArray(internetHeaderKeys) ? internetHeaderKeys : []) {
      const name = text(key).toLowerCase()
      draft.headers.delete(name)
      removed.set(draft, (removed.get(draft) ?? new Set()).add(name))
    }
    item.changed('headers')
    return {}
  }),
  168: (_, { item }) => ({ data: item.kind === 'read' ? item.mail.header : '' }),
}
