import type { Draft } from '../../../shared/contract/index.ts'
import type { Protection, ProtectionToken } from '../../../shared/domain/index.ts'
import { parseProtection, serializeProtection } from '../../../shared/words/protection.ts'
import { highestClass } from '../../stamp/classes.ts'
import type { Person, SeenMail } from '../host/mail.ts'

/** Ways to deliver that a sender may ask for; `null`: as the policy says. */
export const METHODS = ['smime', 'pgp', 'pdf', 'portal'] as const
export type Method = (typeof METHODS)[number]

/** What the sender wants beyond what the policy does anyway. */
export interface Choice {
  /** Label id; null: the organisation's default. */
  readonly classification: string | null
  readonly encrypt: boolean
  readonly sign: boolean
  readonly receipt: boolean
  readonly plain: boolean
  readonly method: Method | null
  readonly filelink: FileLinkChoice | null
  /** Number for the password of an encrypted PDF, as typed. */
  readonly phone: string
  /** Why less protection, or a lower class than the thread had. */
  readonly reason: string
}

export interface FileLinkChoice {
  /** Seconds; null: as the policy says. */
  readonly expires: number | null
  readonly secondFactor: boolean
}

export const NO_CHOICE: Choice = {
  classification: null,
  encrypt: false,
  sign: false,
  receipt: false,
  plain: false,
  method: null,
  filelink: null,
  phone: '',
  reason: '',
}

/** E.164 of what was typed, or null: a number wants its country. */
export function phoneOf(typed: string): string | null {
  const digits = typed.replace(/[\s()/.\u2010-\u2015-]/g, '').replace(/^00/, '+')
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : null
}

/**
 * Characters that the wishes may have as a header: the stamp repeats them, in base64, and has to fit into 998 characters with what else
 * it says.
 */
export const WISHES_MAX = 300

/** The wishes of a choice. `lowers`: the class is below that of the thread, which wants the reason as well. */
export function wishesOf(choice: Choice, lowers = false): readonly Protection[] {
  const phone = phoneOf(choice.phone)
  const secret = choice.encrypt || choice.method !== null || phone !== null
  const wishes: Protection[] = []
  const add = (token: ProtectionToken, more: Omit<Protection, 'token'> = {}) => wishes.push({ token, ...more })
  if (choice.encrypt) add('encrypt')
  if (choice.sign) add('sign')
  if (choice.method && choice.method !== 'pdf') add(choice.method)
  if (choice.method === 'pdf' || phone) add('pdf', phone ? { sms: phone } : {})
  if (choice.filelink) {
    const { expires, secondFactor } = choice.filelink
    add('filelink', { ...(expires === null ? {} : { expires }), ...(secondFactor ? { secondFactor } : {}) })
  }
  if (choice.receipt) add('receipt')
  if (choice.plain && !secret) add('plain')
  const reason = choice.reason.trim()
  const told = reason !== '' && (lowers || wishes.at(-1)?.token === 'plain')
  if (!told) return wishes
  // It travels with the last wish; where there is none, with the word for none.
  const last = wishes.pop() ?? { token: 'none' }
  return [...wishes, { ...last, reason }]
}

/** Value of X-Secflow-Protection, '' for no wish. */
export const protectionOf = (wishes: readonly Protection[]): string => serializeProtection(wishes)

/** What is known of the draft beside the choice. */
export interface Circumstances {
  /** Label ids, the lowest first. */
  readonly labels: readonly string[]
  /** Class of the thread; null for a mail that begins one. */
  readonly inherited: string | null
  /** Different addresses. */
  readonly recipients: number
}

/** Whether the sender chose less than the thread has. */
export function lowersClass({ classification }: Choice, { labels, inherited }: Circumstances): boolean {
  return (
    classification !== null &&
    inherited !== null &&
    highestClass([classification, inherited], labels) !== classification
  )
}

/** What is asked for and stamped: a lower class counts with its reason only, and a number belongs to one recipient. */
export function settledChoice(choice: Choice, known: Circumstances): Choice {
  const phone = known.recipients === 1 ? choice.phone : ''
  const lowered = lowersClass(choice, known) && choice.reason.trim() !== ''
  const classification = lowered
    ? choice.classification
    : known.inherited === null
      ? choice.classification
      : highestClass([choice.classification, known.inherited], known.labels)
  return { ...choice, phone, classification }
}

/** The choice behind headers, for a draft that was begun elsewhere. */
export function choiceOf(classification: string | null, protection: string): Choice {
  const wishes = new Map(parseProtection([protection]).protection.map((wish) => [wish.token, wish]))
  const method = METHODS.find((one) => wishes.has(one)) ?? null
  const link = wishes.get('filelink')
  return {
    classification,
    encrypt: wishes.has('encrypt'),
    sign: wishes.has('sign'),
    receipt: wishes.has('receipt'),
    plain: wishes.has('plain'),
    method,
    filelink: link ? { expires: link.expires ?? null, secondFactor: link.secondFactor ?? false } : null,
    phone: wishes.get('pdf')?.sms ?? '',
    reason: [...wishes.values()].find(({ reason }) => reason)?.reason ?? '',
  }
}

/** Recipients the service can be asked about; the others are shown as unresolved. `refused`: addresses it did not accept. */
export function askable(
  people: readonly Person[],
  refused: ReadonlySet<string>,
): readonly (Person & { address: string })[] {
  return people.filter((one): one is Person & { address: string } => one.address !== null && !refused.has(one.address))
}

/** Recipients of one request (contract). */
const MOST = 1000

/** The body of `POST /api/v1/evaluate` for a settled choice; null while nothing can be asked. */
export function requestOf(
  mail: SeenMail,
  classification: string | null,
  wishes: readonly Protection[],
  refused: ReadonlySet<string>,
): Draft | null {
  const recipients = askable(mail.people ?? [], refused).slice(0, MOST)
  if (mail.sender === null || recipients.length === 0) return null
  return {
    sender: mail.sender,
    recipients: recipients.map(({ address, field }) => ({ address, field })),
    subject: (mail.subject ?? '').slice(0, 10_000),
    attachments: (mail.files ?? []).slice(0, 1000).map(({ name, size }) => ({ name: name.slice(0, 1000), size })),
    classification,
    protection: wishes.map((wish) => ({ ...wish })),
    ...(mail.answers === null ? {} : { inReplyTo: [mail.answers.slice(0, 1000)] }),
  }
}
