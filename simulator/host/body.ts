import { type Calls, onDraft, text } from './answer.ts'

/** As Office.js counts kinds of text. */
const HTML = 3

const plain = (html: string) => new DOMParser().parseFromString(html, 'text/html').body.textContent ?? ''
const escaped = (content: string) => content.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)

export const body: Calls = {
  14: () => ({ data: 'html' }),
  37: (given, { item }) => {
    if (item.kind === 'read') return { data: item.mail.text }
    return { data: given.coercionType === HTML ? item.draft.html : item.draft.text }
  },
  38: onDraft((given, draft, { item }) => {
    const data = text(given.data)
    draft.html = given.coercionType === HTML ? data : escaped(data)
    draft.text = given.coercionType === HTML ? plain(data) : data
    item.changed('body')
    return {}
  }),
  23: onDraft((given, draft, { item }) => {
    const data = text(given.data)
    draft.html = (given.coercionType === HTML ? data : escaped(data)) + draft.html
    draft.text = (given.coercionType === HTML ? plain(data) : data) + draft.text
    item.changed('body')
    return {}
  }),
  100: onDraft((given, draft) => {
    draft.appended = text(given.appendTxt)
    return {}
  }),
}
