import { type Calls, CODES, onDraft, text } from './answer.ts'

/** Characters of all session data of an item. From Mailbox 1.16 on clients hold more; whoever keeps to this is right everywhere. */
const LONGEST = 50_000

export const sessionData: Calls = {
  185: onDraft((given, draft, { profile }) => {
    const [name, value] = [text(given.name), text(given.value)]
    const others = [...draft.session].filter(([key]) => key !== name)
    const length = others.reduce((sum, [key, one]) => sum + key.length + one.length, name.length + value.length)
    if (length > LONGEST) return CODES.sessionTooLarge
    if (profile.sessionDelay === 0) draft.session.set(name, value)
    else setTimeout(() => draft.session.set(name, value), profile.sessionDelay)
    return {}
  }),
  186: onDraft((given, draft) => {
    const value = draft.session.get(text(given.name))
    return value === undefined ? CODES.noSuchKey : { data: value }
  }),
  187: onDraft((_, draft) => ({ data: Object.fromEntries(draft.session) })),
  188: onDraft((_, draft) => {
    draft.session.clear()
    return {}
  }),
  189: onDraft((given, draft) => {
    if (!draft.session.delete(text(given.name))) return CODES.noSuchKey
    return {}
  }),
}
