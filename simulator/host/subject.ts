import { type Calls, onDraft, text } from './answer.ts'

export const subject: Calls = {
  17: onDraft((given, draft, { item }) => {
    draft.subject = text(given.subject)
    item.changed('subject')
    return {}
  }),
  18: onDraft((_, draft) => ({ data: draft.subject })),
}
