import type { Draft } from '../../../shared/contract/index.ts'
import type { Protection, ProtectionToken } from '../../../shared/domain/index.ts'
import { keysOf, serializeWishes, WISHES_ROOM, type WrittenRecipient } from '../../../shared/words/given-numbers.ts'
import type { SaidNumber } from '../../../shared/words/packed-numbers.ts'
import { plainAddress } from '../../../shared/words/plain-address.ts'
import { parseProtection } from '../../../shared/words/protection.ts'
import { digest } from '../../stamp/base64url.ts'
import { highestClass } from '../../stamp/classes.ts'
import type { Field, Person, SeenMail } from '../host/mail.ts'

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
  /** Numbers for passwords, as typed, by `personKey`; as a draft brought them packed, by their key after `#`. */
  readonly phones: Readonly<Record<string, string>>
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
  phones: {},
  reason: '',
}

/** By what the choice names a recipient: clients write an address as they like. */
export const personKey = (address: string): string => plainAddress(address) ?? address.toLowerCase()

/** In place of a recipient's key: a number that an earlier add-in wrote for the only one. */
const ONLY = ''

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
  const secret = choice.encrypt || choice.method !== null
  const wishes: Protection[] = []
  const add = (token: ProtectionToken, more: Omit<Protection, 'token'> = {}) => wishes.push({ token, ...more })
  if (choice.encrypt) add('encrypt')
  if (choice.sign) add('sign')
  if (choice.method) add(choice.method)
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

/** Value of X-Secflow-Protection, '' for no wish: as the service forms it that signs it. */
export const protectionOf = (wishes: readonly Protection[], recipients: readonly WrittenRecipient[] = []): string =>
  serializeWishes(wishes, recipients, digest)

/** A recipient as the service is asked about him. */
export interface AskedRecipient extends WrittenRecipient {
  readonly field: Field
}

/** The number as typed for each recipient of the mail, by `personKey`; one that an earlier add-in wrote for the only one is his. */
export function numbersOf(
  recipients: readonly { readonly address: string; readonly field: Field }[],
  { phones }: Choice,
): ReadonlyMap<string, string> {
  if (Object.keys(phones).length === 0) return new Map()
  const people = recipients.map(({ address, field }) => ({ address, visible: field !== 'bcc' }))
  const keys = keysOf(people, digest)
  const alone = new Set(people.map(({ address }) => personKey(address))).size === 1
  return new Map(
    people.flatMap(({ address }) => {
      const person = personKey(address)
      const typed = phones[person] ?? phones[`#${keys.get(person)}`] ?? (alone ? phones[ONLY] : undefined)
      return typed ? [[person, typed] as const] : []
    }),
  )
}

/** Blind, and others get the mail: his number in a header would name him to those whose copies do not pass the gateway. */
const isHidden = (field: Field, others: number): boolean => field === 'bcc' && others > 0

/** Whom the service is asked about, each with his number as far as the header has room for them: the first ones keep theirs. */
export function recipientsOf(
  people: readonly Person[],
  refused: ReadonlySet<string>,
  choice: Choice,
  wishes: readonly Protection[],
): readonly AskedRecipient[] {
  const known = askable(people, refused).slice(0, MOST)
  const typed = numbersOf(known, choice)
  const recipients = known.map(({ address, field }): AskedRecipient => {
    const phone = isHidden(field, known.length - 1) ? null : phoneOf(typed.get(personKey(address)) ?? '')
    return { address, field, visible: field !== 'bcc', ...(phone ? { phone } : {}) }
  })
  for (let at = recipients.length - 1; at >= 0; at--) {
    const { phone, ...without } = recipients[at]!
    if (phone === undefined) continue
    if (protectionOf(wishes, recipients).length <= WISHES_ROOM) break
    recipients[at] = without
  }
  return recipients
}

/** What is known of the draft beside the choice. */
export interface Circumstances {
  /** Label ids, the lowest first. */
  readonly labels: readonly string[]
  /** Class of the thread; null for a mail that begins one. */
  readonly inherited: string | null
}

/** Whether the sender chose less than the thread has. */
export function lowersClass({ classification }: Choice, { labels, inherited }: Circumstances): boolean {
  return (
    classification !== null &&
    inherited !== null &&
    highestClass([classification, inherited], labels) !== classification
  )
}

/** What is asked for and stamped: a lower class counts with its reason only. */
export function settledChoice(choice: Choice, known: Circumstances): Choice {
  const lowered = lowersClass(choice, known) && choice.reason.trim() !== ''
  const classification = lowered
    ? choice.classification
    : known.inherited === null
      ? choice.classification
      : highestClass([choice.classification, known.inherited], known.labels)
  return { ...choice, classification }
}

/** The choice behind headers, for a draft that was begun elsewhere. */
export function choiceOf(classification: string | null, protection: string): Choice {
  const said = parseProtection([protection])
  const wishes = new Map(said.protection.map((wish) => [wish.token, wish]))
  const common = wishes.get('pdf')?.sms
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
    phones: phonesIn(said.numbers, common),
    reason: [...wishes.values()].find(({ reason }) => reason)?.reason ?? '',
  }
}

/** Two numbers for one recipient are none, as they are for the gateway: he is asked about again. */
function phonesIn(numbers: readonly SaidNumber[], common: string | undefined): Choice['phones'] {
  const phones: Record<string, string> = common ? { [ONLY]: common } : {}
  for (const one of numbers) {
    const key = 'key' in one ? `#${one.key}` : personKey(one.address)
    phones[key] = (phones[key] ?? one.phone) === one.phone ? one.phone : ''
  }
  return phones
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
  recipients: readonly AskedRecipient[],
): Draft | null {
  if (mail.sender === null || recipients.length === 0) return null
  return {
    sender: mail.sender,
    recipients: recipients.map(({ address, field, phone }) => ({ address, field, ...(phone ? { phone } : {}) })),
    subject: (mail.subject ?? '').slice(0, 10_000),
    attachments: (mail.files ?? []).slice(0, 1000).map(({ name, size }) => ({ name: name.slice(0, 1000), size })),
    classification,
    protection: wishes.map((wish) => ({ ...wish })),
    ...(mail.answers === null ? {} : { inReplyTo: [mail.answers.slice(0, 1000)] }),
  }
}
