import type { GrantRecord, RecipientDecision, Step } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { lookupAddress } from '../../../shared/words/address.ts'
import { carrierWords } from '../../../shared/words/carrier.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import { escapeHtml } from '../../../shared/words/html.ts'
import { pdfNoticeWords } from '../../../shared/words/pdf.ts'
import { standingPasswordRecord } from '../../keys/standing-password.ts'
import { textPart } from '../../mime/write.ts'
import { filePage } from './carry-portal.ts'
import { phoneOf } from './content.ts'
import type { Draft, MailInHand, RenderedCopy, SecretForPerson, Tools } from './mail.ts'
import { generatePassword, passwordGroups } from './pdf/password.ts'
import type { PasswordWay } from './pdf/pdf-notice.ts'

type Protect = Extract<Step, { do: 'protect' }>

/** A password, how it reaches its recipient, and what has to be stored so that it does. */
export interface PasswordPlan {
  readonly password: string
  readonly way: PasswordWay
  /** Where the recipient may answer. */
  readonly replyUrl?: string
  readonly secrets: readonly SecretForPerson[]
  readonly passwords: RenderedCopy['passwords']
  readonly grants: readonly GrantRecord[]
}

/**
 * The password of one recipient's container: a fresh one, or the one that this recipient keeps while it is young and long enough. A fresh one leaves by the
 * plan's channel; one that is kept was sent when it was made, and only the portal shows it again. Raises `phone-missing` when
 * the channel is SMS and no number is known, `action-impossible` when its sender should pass it on and has no address: the
 * mail then does not leave.
 */
export async function planPassword(
  mail: MailInHand,
  draft: Draft,
  step: Protect,
  recipient: RecipientDecision,
  language: Language,
  subject: string,
  tools: Tools,
): Promise<PasswordPlan> {
  const { channel, groups, standing } = step.password ?? { channel: 'sender' as const }
  const now = tools.clock.now()
  const kept = standing === undefined ? null : await tools.keyring.standingPassword(mail.tenant.id, recipient.address)
  const isKnown =
    kept !== null &&
    standing !== undefined &&
    now < kept.since + standing * 1000 &&
    passwordGroups(kept.password) >= (groups ?? 0)
  const password = isKnown ? kept.password : generatePassword(undefined, groups)
  const owner = { tenant: mail.tenant.id, address: lookupAddress(recipient.address), now }
  const passwords =
    standing === undefined || isKnown
      ? []
      : [{ record: standingPasswordRecord(tools.secrets, owner, password), replaces: kept?.since ?? null }]

  const words = pdfNoticeWords[language]
  const shown = channel === 'portal' ? [words.portalPassword(password)] : []
  const page = [...shown, ...(step.reply ? [words.portalReply] : [])]
  const filed =
    page.length === 0
      ? null
      : await filePage(
          mail,
          { header: draft.header, content: textPart('plain', page.join('\n\n')) },
          step,
          recipient,
          tools,
        )
  const fresh = { password, isKept: standing !== undefined }
  return {
    password,
    way: wayOf(channel, isKnown, filed?.url),
    ...(step.reply && filed ? { replyUrl: filed.url } : {}),
    secrets:
      isKnown || channel === 'portal' ? [] : [await secretFor(mail, step, recipient, language, subject, fresh, tools)],
    passwords,
    grants: filed ? [filed.grant] : [],
  }
}

function wayOf(channel: 'sms' | 'sender' | 'portal', isKnown: boolean, url = ''): PasswordWay {
  if (channel === 'portal') return { channel, url }
  return { channel: isKnown ? 'known' : channel }
}

async function secretFor(
  mail: MailInHand,
  step: Protect,
  recipient: RecipientDecision,
  language: Language,
  subject: string,
  { password, isKept }: { readonly password: string; readonly isKept: boolean },
  tools: Tools,
): Promise<SecretForPerson> {
  if (step.password?.channel === 'sms') {
    const phone = step.password.phone ?? (await phoneOf(mail, recipient.address, tools))
    if (!phone) throw new Fault('phone-missing', recipient.address)
    const words = carrierWords[language]
    const text = words.passwordSms(mail.parsed.visible.from, password)
    const whole = isKept ? `${text}\n${words.passwordKept}` : text
    return { by: 'sms', recipient: recipient.address, phone, text: whole }
  }
  // Nobody would pass the password on: the recipient could never open it.
  if (mail.mailFrom === '') throw new Fault('action-impossible', 'a password for a sender without an address')
  const words = carrierWords[mail.tenant.language]
  const text = words.passwordToSender(recipient.address, password)
  const whole = isKept ? `${text}\n\n${words.passwordKept}` : text
  return {
    by: 'sender',
    recipient: recipient.address,
    sender: mail.mailFrom,
    subject: words.passwordToSenderSubject(subject),
    text: whole,
    html: `<p>${escapeHtml(whole).replaceAll('\n', '<br>')}</p>`,
  }
}
