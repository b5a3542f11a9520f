import { type SendCompletion, sendCompletion } from '../stamp/alert.ts'
import type { SeenDraft } from '../stamp/draft.ts'
import { NOTEBOOK_KEY, writeNotebook } from '../stamp/notebook.ts'
import { asBegun, carries, type Stamping, stampDraft } from '../stamp/stamp-draft.ts'
import { alertLanguage } from '../stamp/words.ts'
import { ask, type Deadline, deadlineIn, hasTimers, told } from './ask.ts'
import type { ComposeItem, LaunchEvent, OfficeHost } from './host.ts'
import { readDraft } from './read-draft.ts'
import { writeHeaders } from './write-headers.ts'

/** Ms until the client has its answer, whatever happens: it shows a dialog after five seconds, the download included. */
const BUDGET = 900
/** Ms of that for reading; the rest is for writing. */
const READING = 550

/** Counts the events: what an older one found out is not written over what a newer one wrote. */
let newest = 0

/** A draft was begun, maybe as the answer to a mail: what that brings along of others is not the sender's word. */
export function handleBegin(office: OfficeHost, event: LaunchEvent): void {
  update(office, event, asBegun)
}

/** The draft changed: its headers are brought up to date. */
export function handleChange(office: OfficeHost, event: LaunchEvent): void {
  update(office, event, (draft) => draft)
}

function update(office: OfficeHost, event: LaunchEvent, meant: (draft: SeenDraft) => SeenDraft): void {
  const mine = ++newest
  const wanted = () => mine === newest
  within(event, undefined, (deadline) =>
    stamp(office, meant).then(({ item, draft, stamping }) => {
      const { headers } = stamping
      const written = headers && !carries(draft.headers, headers) ? writeHeaders(item, headers, deadline, wanted) : null
      return Promise.all([written, rememberThread(item, draft, deadline)]).then(() => undefined)
    }),
  )
}

/** The mail is about to go: its headers are written once more, and it goes unless the service said otherwise for this very mail. */
export function handleSend(office: OfficeHost, event: LaunchEvent): void {
  const mine = ++newest
  const wanted = () => mine === newest
  within(event, { allowEvent: true }, (deadline) =>
    stamp(office, (draft) => draft).then(({ item, stamping }) => {
      const written = stamping.headers ? writeHeaders(item, stamping.headers, deadline, wanted) : Promise.resolve(false)
      return written.then(() =>
        sendCompletion(stamping.verdict, {
          language: alertLanguage(office.context!.displayLanguage),
          canPrompt: supports(office, '1.14'),
          now: Date.now(),
        }),
      )
    }),
  )
}

/** Answers the event exactly once: with what `work` gives, or with `otherwise` when it fails or takes too long. */
function within(
  event: LaunchEvent,
  otherwise: SendCompletion | undefined,
  work: (deadline: Deadline) => Promise<SendCompletion | undefined>,
): void {
  let answered = false
  const answer = (completion: SendCompletion | undefined) => {
    if (answered) return
    answered = true
    try {
      event.completed!(completion)
    } catch (_) {
      // Nobody is left to be told.
    }
  }
  if (!hasTimers()) {
    answer(otherwise)
    return
  }
  const deadline = deadlineIn(BUDGET)
  deadline.onEnd(() => answer(otherwise))
  const end = (completion: SendCompletion | undefined) => {
    deadline.cancel()
    answer(completion)
  }
  try {
    work(deadline).then(end, () => end(otherwise))
  } catch (_) {
    end(otherwise)
  }
}

function stamp(
  office: OfficeHost,
  meant: (draft: SeenDraft) => SeenDraft,
): Promise<{ readonly item: ComposeItem; readonly draft: SeenDraft; readonly stamping: Stamping }> {
  const item = office.context!.mailbox!.item!
  const reading = deadlineIn(READING)
  return readDraft(office, item, reading).then((draft) => {
    reading.cancel()
    return { item, draft, stamping: stampDraft(meant(draft)) }
  })
}

/** Notes the class that an answered or forwarded mail brings along, once, so that no later choice goes below it unsaid. */
function rememberThread(item: ComposeItem, draft: SeenDraft, deadline: Deadline): Promise<unknown> {
  const { headers, notebook } = draft
  const brought = headers?.['x-secflow-classification']
  if (!brought || brought.toLowerCase() === 'none' || !notebook || notebook.inherited !== null) return Promise.resolve()
  if (notebook.classification !== null || !item.getComposeTypeAsync) return Promise.resolve()
  return ask<{ readonly composeType?: string }>((done) => item.getComposeTypeAsync!(done), deadline).then((answer) => {
    const type = told(answer)?.composeType
    if (type !== 'reply' && type !== 'forward') return undefined
    const text = writeNotebook(Object.assign({}, notebook, { inherited: brought }))
    return text === null ? undefined : ask((done) => item.sessionData!.setAsync!(NOTEBOOK_KEY, text, done), deadline)
  })
}

function supports(office: OfficeHost, version: string): boolean {
  try {
    return office.context!.requirements!.isSetSupported!('Mailbox', version) === true
  } catch (_) {
    return false
  }
}
