import { type Calls, onDraft, text } from './answer.ts'
import type { Field, Recipient } from './item.ts'

const FIELDS: readonly Field[] = ['to', 'cc', 'bcc']
const fieldOf = (given: unknown): Field => FIELDS[Number(given)] ?? 'to'
/** As Office.js counts the kinds: other, list, own user, user of another house. */
const EXTERNAL = 3

function people(given: unknown): Recipient[] {
  if (!Array.isArray(given)) return []
  return given.map((one: { readonly name?: unknown; readonly address?: unknown }) => ({
    name: text(one.name) || text(one.address),
    address: text(one.address),
    resolved: true,
  }))
}

/** `to`, `cc`, `bcc` and `from`. */
export const recipients: Calls = {
  15: onDraft(({ recipientField }, draft, { profile }) => {
    // Names that are not resolved yet are not there for an add-in.
    const told = draft.fields[fieldOf(recipientField)].filter(({ resolved }) => resolved)
    return {
      data: told
        .slice(0, profile.recipientsTold ?? told.length)
        .map(({ name, address }) => ({ name, address, recipientType: EXTERNAL })),
    }
  }),
  21: onDraft(({ recipientField, recipientArray }, draft, { item }) => {
    const field = fieldOf(recipientField)
    draft.fields[field] = people(recipientArray)
    item.changed('recipients', { fields: only(field) })
    return {}
  }),
  22: onDraft(({ recipientField, recipientArray }, draft, { item }) => {
    const field = fieldOf(recipientField)
    draft.fields[field] = [...draft.fields[field], ...people(recipientArray)]
    item.changed('recipients', { fields: only(field) })
    return {}
  }),
  107: onDraft((_, { from }) => ({ data: { name: from.name, address: from.address } })),
}

export const only = (field: Field) => ({ to: field === 'to', cc: field === 'cc', bcc: field === 'bcc' })
