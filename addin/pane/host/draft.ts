import type { Getter } from '../../launch/host.ts'
import type { SeenFile, SeenHeaders } from '../../stamp/draft.ts'
import { EMPTY_NOTEBOOK, NOTEBOOK_KEY, type Notebook, readNotebook, writeNotebook } from '../../stamp/notebook.ts'
import { carries, STAMPED_HEADERS } from '../../stamp/stamp-draft.ts'
import { type Ask, type Said, told } from './ask.ts'
import { type Field, isCut, type Person, type SeenMail, type Written } from './mail.ts'
import { EVENT, type OfficeAttachment, type OfficeItem, type OfficePerson, type PaneOffice } from './office.ts'

/** KeyNotFound. */
const NOTHING_NOTED = 9050
/** Ms before the second and the third try to write: replies and pop-outs fail at first (9042, 5001). */
const PAUSES = [250, 1000]
/** Ms between looks at what no event tells of: the subject, and attachments that are listed late. */
const LOOK = 2000

/** The draft in the window. */
export interface DraftPort {
  /** Reads what the client tells; never rejects. */
  read(): Promise<SeenMail>
  /** Notes and headers; `stamped` only once the headers were read back as they were written. */
  write(notebook: Notebook, headers: Readonly<Record<string, string>>): Promise<Written>
  /** Calls when something of the draft may have changed. Returns what ends it. */
  watch(changed: () => void): () => void
}

export function openDraft(office: PaneOffice, item: OfficeItem, ask: Ask): DraftPort {
  let writing: Promise<unknown> = Promise.resolve()
  return {
    read: () => readMail(office, item, ask),
    write(notebook, headers) {
      // One after the other: what was asked for last stands at the end.
      const mine = writing.then(() => writeMail(item, ask, notebook, headers))
      writing = mine
      return mine
    },
    watch(changed) {
      const types = [EVENT.recipients, EVENT.attachments]
      for (const type of types) tryTo(() => item.addHandlerAsync?.(type, changed))
      const timer = setInterval(() => {
        // Nobody sees a pane that is folded away; what changes then is looked at when it is back.
        if (!globalThis.document?.hidden) changed()
      }, LOOK)
      return () => {
        clearInterval(timer)
        for (const type of types) tryTo(() => item.removeHandlerAsync?.(type))
      }
    },
  }
}

async function readMail(office: PaneOffice, item: OfficeItem, ask: Ask): Promise<SeenMail> {
  const get = <T>(getter: Getter<T> | undefined) => ask<T>((done) => getter!.getAsync!(done))
  const { from } = item
  const [headers, notes, to, cc, bcc, subject, files, sender, type] = await Promise.all([
    ask<Readonly<Record<string, string>>>((done) => item.internetHeaders!.getAsync!(STAMPED_HEADERS, done)),
    ask<string>((done) => item.sessionData!.getAsync!(NOTEBOOK_KEY, done)),
    get(item.to),
    get(item.cc),
    get(item.bcc),
    get(item.subject as Getter<string> | undefined),
    ask<readonly OfficeAttachment[]>((done) => item.getAttachmentsAsync!(done)),
    get(from && 'getAsync' in from ? from : undefined),
    ask<{ readonly composeType?: string }>((done) => item.getComposeTypeAsync!(done)),
  ])
  const people = [peopleIn('to', to), peopleIn('cc', cc), peopleIn('bcc', bcc)]
  const known = people.every((list) => list !== null) ? people.flat() : null
  return {
    headers: headersOf(headers),
    notebook: notebookOf(item, notes),
    people: known,
    subject: textOf(subject),
    files: filesOf(files),
    // Delegates and shared mailboxes write for another: only clients without `from` are asked who the user is.
    sender: (from ? told(sender) : office.context?.mailbox?.userProfile)?.emailAddress || null,
    composeType: told(type)?.composeType ?? null,
    answers: typeof item.inReplyTo === 'string' && item.inReplyTo !== '' ? item.inReplyTo : null,
    cut: known !== null && isCut(known),
  }
}

function peopleIn(field: Field, said: Said<readonly OfficePerson[]>): readonly Person[] | null {
  const list: readonly (OfficePerson | null)[] | null = told(said)
  if (!Array.isArray(list)) return null
  return list.map((one: OfficePerson | null) => {
    const text = typeof one?.emailAddress === 'string' ? one.emailAddress.trim() : ''
    const address = text.includes('@') ? text : null
    return { field, name: one?.displayName || text || '?', address }
  })
}

function headersOf(said: Said<Readonly<Record<string, string>>>): SeenHeaders | null {
  const headers = told(said)
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return null
  const entries = Object.entries(headers)
  if (entries.some(([, value]) => typeof value !== 'string')) return null
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

const textOf = (said: Said<string>): string | null => {
  const text = told(said)
  return typeof text === 'string' ? text : null
}

function notebookOf(item: OfficeItem, said: Said<string>): Notebook | null {
  if (!item.sessionData || (said.kind === 'failed' && said.code === NOTHING_NOTED)) return EMPTY_NOTEBOOK
  if (said.kind !== 'told') return null
  return said.value ? readNotebook(String(said.value)) : EMPTY_NOTEBOOK
}

function filesOf(said: Said<readonly OfficeAttachment[]>): readonly SeenFile[] | null {
  const list: readonly (OfficeAttachment | null)[] | null = told(said)
  if (!Array.isArray(list)) return null
  const files: SeenFile[] = []
  for (const file of list as readonly (OfficeAttachment | null)[]) {
    if (typeof file?.name !== 'string' || typeof file.size !== 'number') return null
    if (!file.isInline) files.push({ name: file.name, size: file.size })
  }
  return files
}

async function writeMail(
  item: OfficeItem,
  ask: Ask,
  notebook: Notebook,
  headers: Readonly<Record<string, string>>,
): Promise<Written> {
  const text = writeNotebook(notebook)
  if (text !== null && item.sessionData?.setAsync)
    await ask((done) => item.sessionData!.setAsync!(NOTEBOOK_KEY, text, done))
  if (!item.internetHeaders?.setAsync || !item.internetHeaders.getAsync) return 'unsupported'
  let took = false
  for (let attempt = 0; ; attempt++) {
    const said = await ask((done) => item.internetHeaders!.setAsync!(headers, done))
    if (said.kind === 'told') {
      took = true
      const seen = headersOf(await ask((done) => item.internetHeaders!.getAsync!(STAMPED_HEADERS, done)))
      if (carries(seen, headers)) return 'stamped'
    }
    const wait = PAUSES[attempt]
    if (wait === undefined) return took ? 'unread' : 'refused'
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

function tryTo(work: () => void): void {
  try {
    work()
  } catch {
    // A client without the event: the timer looks instead.
  }
}
