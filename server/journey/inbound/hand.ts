import type { Decision, Step } from '../../../shared/domain/index.ts'
import { hasRecipientForms } from '../../../shared/words/foreign/recipient-forms.ts'
import { realNames } from '../real-recipients.ts'
import type { MailInHand } from '../transform/mail.ts'
import type { OpenedMail } from '../transform/open/index.ts'
import { reportBlock, reportFile } from './report.ts'
import type { InboundSettings } from './settings.ts'
import { withoutMarks } from './subject-mark.ts'
import { type Form, settingsOf, type View } from './views.ts'

/** Verdicts of what nobody of us could look into: the reader's own program may, and a report in front would stop it. */
const CLOSED: ReadonlySet<string> = new Set(['undecryptable', 'not-opened', 'too-deep'])

/** The form of the mail that a plan works on: the policy's word, else the usual one. */
export function formFor({ received, unwrapped, usual }: View, steps: readonly Step[]): Form {
  const said = steps.find((step) => step.do === 'open')?.deliver
  if (said === undefined) return usual
  return said === 'original' ? received : (unwrapped ?? received)
}

/** The form that the first recipients of a view get: that of the mails beside the copies. */
export function formOfFirst(view: View, { recipients, copies }: Decision): Form {
  const first = recipients.findIndex(({ address }) => view.recipients.has(address))
  return formFor(view, copies.find((copy) => copy.recipients.includes(first))?.steps ?? [])
}

/** The mail in hand in a form of one view, with what is said of it to its reader. */
export function inHand(
  mail: Omit<MailInHand, 'source' | 'parsed' | 'subjectMark' | 'report'>,
  view: View,
  form: Form,
): MailInHand {
  const settings = settingsOf(mail.tenant)
  const all = Object.values(settings.marks)
  const add = view.opened ? markOf(view.opened, settings) : null
  const { opened } = view
  // Whoever gets the container although it was opened is to have its bytes.
  const kept = view.unwrapped !== null && form === view.received
  const tells = opened && settings.report !== 'none' && !kept && !CLOSED.has(opened.verdict.state)
  return {
    ...mail,
    source: form.source,
    parsed: withRealNames(form.parsed, mail),
    ...(view.inbound && all.length > 0
      ? { subjectMark: { clean: (text: string) => withoutMarks(text, all), add } }
      : {}),
    ...(tells
      ? { report: settings.report === 'block' ? reportBlock.bind(null, opened) : reportFile.bind(null, opened) }
      : {}),
  }
}

/** Addresses as people read them, on a page too. */
function withRealNames<P extends MailInHand['parsed']>(
  parsed: P,
  { origin, tenant }: Pick<MailInHand, 'origin' | 'tenant'>,
): P {
  if (!origin || !hasRecipientForms(tenant.foreignIntent)) return parsed
  const named = (list: readonly string[]) => list.map((one) => realNames(one, origin, tenant.foreignIntent))
  const { to, cc } = parsed.visible
  return { ...parsed, visible: { ...parsed.visible, to: named(to), cc: named(cc) } }
}

/** `good` says most; `decrypted` alone says nothing of who wrote it. */
function markOf({ verdict, layers }: OpenedMail, { marks }: InboundSettings): string | null {
  const { state } = verdict
  if (state === 'good') return marks.good ?? null
  if (state === 'unsigned') return marks.decrypted ?? null
  const signed = layers.some(({ kind }) => kind.endsWith('-signed'))
  return signed || state === 'no-integrity' ? (marks.bad ?? null) : null
}
