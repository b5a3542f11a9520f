import type { SeenDraft, SeenFile, SeenHeaders } from '../../stamp/draft.ts'
import type { Notebook } from '../../stamp/notebook.ts'

export type Field = 'to' | 'cc' | 'bcc'

export interface Person {
  readonly field: Field
  /** As the client shows it; the address where it shows none. */
  readonly name: string
  /** null for a name that is not resolved yet and for a contact list. */
  readonly address: string | null
}

/** A draft as the pane sees it. null: the client did not say. */
export interface SeenMail {
  readonly sender: string | null
  readonly people: readonly Person[] | null
  readonly subject: string | null
  readonly files: readonly SeenFile[] | null
  readonly headers: SeenHeaders | null
  readonly notebook: Notebook | null
  readonly composeType: string | null
  /** Message-ID of the mail that is answered. */
  readonly answers: string | null
  /** The client tells of at most so many recipients a field, and one field has as many. */
  readonly cut: boolean
}

/** Recipients a field that clients tell of at most: classic Outlook and others before Mailbox 1.16, and the rest. */
const MOST = [500, 1000]

export const isCut = (people: readonly Person[]): boolean =>
  (['to', 'cc', 'bcc'] as const).some((field) => MOST.includes(people.filter((one) => one.field === field).length))

/** Addresses of a field; null when not all of them are known. */
function addressesIn({ people }: SeenMail, field: Field): readonly string[] | null {
  const found: string[] = []
  for (const person of people ?? []) {
    if (person.field !== field) continue
    if (person.address === null) return null
    found.push(person.address)
  }
  return people && found
}

/** The draft as the stamping sees it. */
export const draftOf = (mail: SeenMail): SeenDraft => ({
  sender: mail.sender,
  to: addressesIn(mail, 'to'),
  cc: addressesIn(mail, 'cc'),
  bcc: addressesIn(mail, 'bcc'),
  subject: mail.subject,
  files: mail.files,
  headers: mail.headers,
  notebook: mail.notebook,
})

/** What an answer of the service depends on, as one text: equal while nothing of it changed. */
export const factsKey = ({ sender, people, subject, files }: SeenMail): string =>
  JSON.stringify([sender, people?.map(({ field, address, name }) => [field, address ?? `?${name}`]), subject, files])

/** How writing the headers ended. `unread`: the client took them, but they do not read back. */
export type Written = 'stamped' | 'refused' | 'unread' | 'unsupported'
