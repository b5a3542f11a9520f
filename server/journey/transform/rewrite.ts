import type { Step } from '../../../shared/domain/index.ts'
import { steeringHeaders } from '../../../shared/words/foreign/read-intent.ts'
import { readSteeringSubject } from '../../../shared/words/foreign/steering-subject.ts'
import { isSteeringHeader } from '../../../shared/words/headers.ts'
import type { HeaderField } from '../../mime/entity.ts'
import { editHeader, fieldOf, fieldsOf } from '../../mime/header.ts'
import { realNames } from '../real-recipients.ts'
import type { MailInHand } from './mail.ts'

/**
 * Header fields as they leave: what steers Secflow or a foreign gateway is gone (CONTRACT, Headers), Bcc is gone
 * (RFC 5322 3.6.3), foreign subject tags and forms of addresses are gone, and the plan's own header steps are applied. Every
 * other line keeps its bytes and its place.
 */
export function rewriteHeader(
  header: readonly HeaderField[],
  mail: MailInHand,
  steps: readonly Step[],
): readonly HeaderField[] {
  const remove = new Set<string>()
  const foreign = steeringHeaders(mail.tenant.foreignIntent)
  for (const { name } of header)
    if (isSteeringHeader(name, foreign) || name === 'bcc' || name === 'resent-bcc') remove.add(name)
  const set = new Map<string, string>()
  for (const step of steps) {
    if (step.do === 'stripHeader') for (const name of step.names) remove.add(name.toLowerCase())
    if (step.do === 'setHeader') set.set(spelled(step.name), step.value)
    if (step.do === 'receipt') set.set('Disposition-Notification-To', mail.mailFrom)
  }
  const subject = outgoingSubject(mail, steps)
  // Of several subjects a reader shows the one he likes: one is left, so that none brings a mark along.
  const several = mail.subjectMark !== undefined && fieldsOf(header, 'subject').length > 1
  if (subject !== mail.parsed.message.subject || several) set.set('Subject', subject)
  const named = header.map((field) => withRealNames(field, mail))
  return editHeader(named, { remove, set: [...set].map(([name, value]) => ({ name, value })) })
}

const ADDRESSED = new Set(['to', 'cc', 'resent-to', 'resent-cc'])

/** The field without forms of other gateways in its addresses; with its bytes where there are none. */
function withRealNames(field: HeaderField, { origin, tenant }: MailInHand): HeaderField {
  if (!origin || !ADDRESSED.has(field.name)) return field
  const text = field.raw.toString('latin1')
  const real = realNames(text, origin, tenant.foreignIntent)
  return real === text ? field : { ...field, raw: Buffer.from(real, 'latin1') }
}

/** The subject as recipients read it, wherever it stands (header, PDF page): without tags that steer, with the plan's own. */
export function outgoingSubject(mail: MailInHand, steps: readonly Step[]): string {
  const { subject } = readSteeringSubject(
    mail.parsed.message.subject,
    mail.tenant.subjectTags,
    mail.tenant.foreignIntent,
  )
  const { subjectMark } = mail
  const clean = subjectMark ? subjectMark.clean(subject) : subject
  const text = steps.reduce((so, step) => (step.do === 'tagSubject' ? tagged(so, step) : so), clean)
  return subjectMark?.add ? `${subjectMark.add} ${text}`.trim() : text
}

function tagged(subject: string, step: Extract<Step, { do: 'tagSubject' }>): string {
  let result = subject
  for (const tag of step.remove ?? []) result = result.split(tag).join(' ').replace(/ {2,}/g, ' ').trim()
  if (step.prefix && !result.startsWith(step.prefix)) result = `${step.prefix} ${result}`.trim()
  return result
}

/** A header with other fields in place of some, for carrier mails (PDF, portal) that replace subject and content. */
export function withSubject(header: readonly HeaderField[], subject: string): readonly HeaderField[] {
  return editHeader(header, { remove: new Set(), set: [{ name: 'Subject', value: subject }] })
}

/** Fields of the original that a carrier mail keeps: who, when, which thread. Trace and authentication fields stay as well. */
export function mimeVersion(header: readonly HeaderField[]): readonly HeaderField[] {
  return fieldOf(header, 'mime-version')
    ? header
    : [...header, { name: 'mime-version', raw: Buffer.from('MIME-Version: 1.0') }]
}

/** The policy compares names in lower case; on the wire a name is written as people write it. */
const spelled = (name: string): string =>
  name === name.toLowerCase() ? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name
