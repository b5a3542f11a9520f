import { sameMailbox } from '../../../keys/certificate.ts'
import { fieldsOf, fieldText, withoutControls } from '../../../mime/header.ts'
import type { MimePart } from '../../../mime/part.ts'
import { soleSender } from './sender.ts'

/** Characters of a subject; the rest of a longer one is nobody's subject. */
const SUBJECT_MAX = 2_000

/**
 * Whether the header inside a protection names another sender than the mail: a reader that shows the protected header
 * (RFC 9788 section 4) and one that shows the outer would show two different people.
 */
export function namesAnotherSender({ fields }: MimePart, from: string | null): boolean {
  if (fieldsOf(fields, 'from').length === 0) return false
  const inner = soleSender(fields)
  return inner === null || from === null || !sameMailbox(inner, from)
}

/**
 * The protected subject: where the payload says that its header is meant (RFC 9788 2.1.1 `hp`, the older
 * `protected-headers="v1"`), and holds one. null for none, and for two, which nobody could choose between.
 */
export function protectedSubject({ fields, parameters }: MimePart): string | null {
  const hp = (parameters.get('hp') ?? '').toLowerCase()
  const said = hp === 'clear' || hp === 'cipher' || /^v1\b/i.test(parameters.get('protected-headers') ?? '')
  const [subject, ...more] = fieldsOf(fields, 'subject')
  if (!said || !subject || more.length > 0) return null
  return withoutControls(fieldText(subject)).slice(0, SUBJECT_MAX)
}
