import { type Calls, onDraft } from './answer.ts'

/** What is asked of the item as a whole. */
export const itemCalls: Calls = {
  32: onDraft((_, draft) => {
    draft.savedAs ??= `AAMk${draft.id}`
    return { data: draft.savedAs }
  }),
  41: (_, { close }) => {
    close()
    return {}
  },
  99: (_, { item }) => ({ data: item.kind === 'compose' ? item.draft.context : '' }),
  164: onDraft((_, { savedAs }) => (savedAs === null ? NOT_SAVED : { data: savedAs })),
  166: onDraft(() => ({ data: 0 })),
  174: onDraft((_, { composeType }) => ({ data: { composeType, coercionType: 'html' } })),
  175: () => ({ data: false }),
  176: () => ({}),
}

/** The item has no id before it was saved once. */
const NOT_SAVED = 9046
