import type { SeenDraft, SeenFile, SeenHeaders } from '../stamp/draft.ts'
import { EMPTY_NOTEBOOK, NOTEBOOK_KEY, type Notebook, readNotebook } from '../stamp/notebook.ts'
import { STAMPED_HEADERS } from '../stamp/stamp-draft.ts'
import { type Answer, ask, type Deadline, told } from './ask.ts'
import type { Attachment, ComposeItem, Getter, OfficeHost, Person } from './host.ts'

/** Reads the draft as far as the client tells within the deadline. What matters most is asked first. */
export function readDraft(office: OfficeHost, item: ComposeItem, deadline: Deadline): Promise<SeenDraft> {
  const get = <T>(getter: Getter<T> | undefined) => ask<T>((done) => getter!.getAsync!(done), deadline)
  return Promise.all([
    ask<Names>((done) => item.internetHeaders!.getAsync!(STAMPED_HEADERS, done), deadline),
    ask<string>((done) => item.sessionData!.getAsync!(NOTEBOOK_KEY, done), deadline),
    get(item.to),
    get(item.cc),
    get(item.bcc),
    get(item.subject),
    ask<readonly Attachment[]>((done) => item.getAttachmentsAsync!(done), deadline),
    get(item.from),
  ]).then(([headers, notes, to, cc, bcc, subject, files, from]) => ({
    headers: headersOf(headers),
    notebook: notebookOf(item, notes),
    to: addresses(to),
    cc: addresses(cc),
    bcc: addresses(bcc),
    subject: textOf(subject),
    files: filesOf(files),
    sender: senderOf(office, item, from),
  }))
}

type Names = Readonly<Record<string, string>>

/** Clients give the names as they like; what is no map of texts was not read. */
function headersOf(answer: Answer<Names>): SeenHeaders | null {
  const headers = told(answer)
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return null
  const seen: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (typeof value !== 'string') return null
    seen[name.toLowerCase()] = value
  }
  return seen
}

function textOf(answer: Answer<string>): string | null {
  const text = told(answer)
  return typeof text === 'string' ? text : null
}

/** KeyNotFound. */
const NOTHING_NOTED = 9050

/** Nothing was noted where the client has no such store or does not know the key; silence is not nothing. */
function notebookOf(item: ComposeItem, answer: Answer<string>): Notebook | null {
  if (!item.sessionData || answer?.code === NOTHING_NOTED) return EMPTY_NOTEBOOK
  if (answer?.code !== null) return null
  return answer.value ? readNotebook(String(answer.value)) : EMPTY_NOTEBOOK
}

/** A recipient without an address (a contact list, a name not yet resolved) makes the whole field unknown. */
function addresses(answer: Answer<readonly Person[]>): readonly string[] | null {
  const people: readonly (Person | null)[] | undefined = told(answer)
  if (!Array.isArray(people)) return null
  const found: string[] = []
  for (const person of people) {
    if (!person?.emailAddress) return null
    found.push(person.emailAddress)
  }
  return found
}

function filesOf(answer: Answer<readonly Attachment[]>): readonly SeenFile[] | null {
  const attachments: readonly (Attachment | null)[] | undefined = told(answer)
  if (!Array.isArray(attachments)) return null
  const files: SeenFile[] = []
  for (const file of attachments) {
    if (typeof file?.name !== 'string' || typeof file.size !== 'number') return null
    if (!file.isInline) files.push({ name: file.name, size: file.size })
  }
  return files
}

/** Delegates and shared mailboxes write for another: only clients without `from` are asked who the user is. */
function senderOf(office: OfficeHost, item: ComposeItem, from: Answer<Person>): string | null {
  const person = item.from ? told(from) : office.context?.mailbox?.userProfile
  return person?.emailAddress || null
}
