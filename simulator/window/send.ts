/** Sending as Outlook does it: names, the add-in's answer, the dialogs of Smart Alerts, then SMTP. */
import type { Completion } from '../host/frame.ts'
import type { Draft } from '../host/item.ts'
import type { ClientProfile } from '../profiles/profile.ts'
import { type AlertChoice, showAlert } from './dialog.ts'
import { type Submitted, submit } from './server.ts'
import type { ComposeSession } from './session.ts'
import type { Settings } from './settings.ts'
import type { Words } from './words.ts'

export interface SendStage {
  readonly session: ComposeSession
  readonly profile: ClientProfile
  readonly words: Words
  readonly sendMode: Settings['sendMode']
  /** What happens meanwhile, for the line below the ribbon; '' when nothing. */
  progress(text: string): void
  /** Opens the pane for a reason that the add-in gave. */
  openPane(context: string): void
}

/** Ms after which Outlook says that it takes long, and after which it waits no more. */
export const SEND_TIMES = { slow: 5000, over: 300_000 }

/** null: the mail was not sent, and the user knows why. */
export async function sendDraft(stage: SendStage): Promise<Submitted | null> {
  const { session, words, progress } = stage
  const { draft } = session
  if (!(await namesAreFine(draft, words))) return null
  progress(words.checking)
  try {
    if (!(await addinAgrees(stage))) return null
    progress(words.sending)
    return await submit(writtenMail(draft))
  } finally {
    progress('')
  }
}

async function namesAreFine({ fields }: Draft, words: Words): Promise<boolean> {
  const everybody = [...fields.to, ...fields.cc, ...fields.bcc]
  const lost = everybody.filter(({ resolved }) => !resolved)
  if (everybody.length > 0 && lost.length === 0) return true
  await showAlert({
    title: lost.length > 0 ? words.unresolvedTitle : words.noRecipientTitle,
    text: lost.length > 0 ? `${words.unresolvedText} ${lost.map(({ name }) => name).join(', ')}` : words.noRecipient,
    choices: [{ id: 'stay', label: words.ok, primary: true }],
  })
  return false
}

/** SoftBlock: an add-in that cannot be reached, or says nothing, stops nobody. Block: it stops everybody. */
async function addinAgrees(stage: SendStage): Promise<boolean> {
  const answer = stage.session.runtime.fire('onMessageSend')
  if (!answer) return true
  const completion = await patiently(answer, stage)
  if (completion === 'send') return true
  if (completion === 'stay') return false
  if (completion === 'unavailable') return unavailable(stage)
  if (completion.allowEvent !== false) return true
  stage.progress('')
  return smartAlert(completion, stage)
}

/** Waits for the add-in; from five seconds on the user may decide not to, and where it stops nobody, to send. */
async function patiently(
  answer: Promise<Completion>,
  { words, sendMode }: SendStage,
): Promise<Completion | 'send' | 'stay' | 'unavailable'> {
  const block = sendMode === 'block'
  const over = after(SEND_TIMES.over, block ? ('unavailable' as const) : ('send' as const))
  const soon = await Promise.race([answer, after(SEND_TIMES.slow, null)])
  if (soon) return soon
  const closed = new AbortController()
  const stay: AlertChoice = { id: 'stay', label: words.dontSend, primary: true }
  const choice = showAlert(
    {
      title: words.slowTitle,
      text: block ? words.unavailableText : words.slowText,
      choices: block ? [stay] : [{ id: 'send', label: words.sendAnyway }, stay],
    },
    closed.signal,
  )
  const decided = await Promise.race([
    answer,
    over,
    choice.then((id) => (id === 'send' ? ('send' as const) : ('stay' as const))),
  ])
  closed.abort()
  return decided
}

async function unavailable({ words, progress }: SendStage): Promise<false> {
  progress('')
  await showAlert({
    title: words.unavailableTitle,
    text: words.unavailableText,
    choices: [{ id: 'stay', label: words.ok, primary: true }],
  })
  return false
}

async function smartAlert(completion: Completion, { profile, words, openPane }: SendStage): Promise<boolean> {
  const { cancelLabel, commandId, contextData, sendModeOverride } = completion
  const knowsPane = profile.mailbox >= 14 && commandId !== undefined
  const asks = profile.mailbox >= 14 && sendModeOverride === 'promptUser'
  const open: AlertChoice = { id: 'open', label: cancelLabel ?? words.takeAction, primary: true }
  const stay: AlertChoice = { id: 'stay', label: words.dontSend, primary: !knowsPane }
  const way = knowsPane ? (profile.takeAction === 'instead' ? [open] : [open, stay]) : [stay]
  const choice = await showAlert({
    title: words.alertTitle,
    text: completion.errorMessageMarkdown ?? completion.errorMessage ?? '',
    choices: asks ? [{ id: 'send', label: words.sendAnyway }, ...way] : way,
  })
  if (choice === 'open') openPane(typeof contextData === 'string' ? contextData : JSON.stringify(contextData ?? ''))
  return choice === 'send'
}

const after = <T>(ms: number, value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, ms, value))

function writtenMail(draft: Draft) {
  const addresses = (list: Draft['fields']['to']) => list.map(({ address }) => address)
  return {
    from: draft.from.address,
    to: addresses(draft.fields.to),
    cc: addresses(draft.fields.cc),
    bcc: addresses(draft.fields.bcc),
    subject: draft.subject,
    text: draft.text + (draft.appended ? `\n${draft.appended}` : ''),
    html: draft.html,
    headers: [...draft.headers.values()].map(({ name, value }) => [name, value] as const),
    inReplyTo: draft.inReplyTo,
    attachments: draft.attachments.map(({ name, type, content }) => ({
      name,
      type: type || 'application/octet-stream',
      content: content ?? '',
    })),
  }
}
