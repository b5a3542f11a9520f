import type { Draft, Field, Person, Recipient } from '../host/item.ts'
import { only } from '../host/recipients.ts'
import { button, h, put } from './elements.ts'
import type { Words } from './words.ts'

const ADDRESS = /^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+$/

/** What was typed or pasted, as recipients: addresses, `Name <address>`, and names of the address book. */
export function readRecipients(text: string, book: readonly Person[]): Recipient[] {
  return text
    .split(/[;,\n]+/)
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const named = /^(.*)<([^<>]+)>$/.exec(one)
      const address = (named?.[2] ?? one).trim()
      if (ADDRESS.test(address)) {
        const known = book.find((person) => person.address === address.toLowerCase())
        return { name: named?.[1]?.trim() || known?.name || address, address, resolved: true }
      }
      const found = book.filter(({ name }) => name.toLowerCase().startsWith(one.toLowerCase()))
      const [person] = found
      return found.length === 1 && person ? { ...person, resolved: true } : { name: one, address: '', resolved: false }
    })
}

export interface RecipientField {
  readonly element: HTMLElement
  redraw(): void
}

/** A line of recipients, each a chip that can be taken away. */
export function recipientField(
  field: Field,
  draft: Draft,
  options: {
    readonly label: string
    readonly words: Words
    readonly book: readonly Person[]
    changed(fields: Record<Field, boolean>): void
  },
): RecipientField {
  const { label, words, book } = options
  const chips = h('ul', { class: 'chips', 'aria-label': label })
  const input = h('input', {
    type: 'text',
    'aria-label': `${label}: ${words.addRecipient}`,
    autocomplete: 'off',
    list: 'address-book',
    spellcheck: 'false',
    on: {
      change: take,
      keydown: (event) => {
        const { key } = event as KeyboardEvent
        if (key === 'Enter' || key === ';' || key === ',') {
          event.preventDefault()
          take()
        } else if (key === 'Backspace' && input.value === '' && draft.fields[field].length > 0)
          set(draft.fields[field].slice(0, -1))
      },
    },
  })

  function take(): void {
    const added = readRecipients(input.value, book)
    input.value = ''
    if (added.length > 0) set([...draft.fields[field], ...added])
  }

  function set(list: readonly Recipient[]): void {
    draft.fields[field] = list
    options.changed(only(field))
  }

  /** More chips than anybody looks at cost time. */
  const SHOWN = 60
  function redraw(): void {
    const list = draft.fields[field]
    const shown = list.slice(0, SHOWN).map((recipient) =>
      h(
        'li',
        {
          class: recipient.resolved ? 'chip' : 'chip lost',
          title: recipient.resolved ? recipient.address : words.unresolved,
        },
        h('bdi', {}, recipient.name),
        button({ icon: 'close', label: `${words.remove}: ${recipient.name}`, text: false, class: 'quiet' }, () =>
          set(draft.fields[field].filter((one) => one !== recipient)),
        ),
      ),
    )
    put(chips, shown, list.length > SHOWN ? h('li', { class: 'chip' }, `+ ${list.length - SHOWN}`) : null)
    chips.hidden = list.length === 0
  }
  redraw()
  return {
    element: h(
      'div',
      { class: 'line recipients' },
      h('span', { class: 'line-label', 'aria-hidden': 'true' }, label),
      h('div', { class: 'line-content' }, chips, input),
    ),
    redraw,
  }
}
