/** What will happen, as the preview shows it: recipients in groups of one fate, the troubled ones first. Pure. */
import type { Verdict } from '../../../shared/contract/index.ts'
import type { Person, SeenMail } from '../host/mail.ts'

export type RecipientVerdict = Verdict['recipients'][number]

/** Fates in the order in which they are shown. `plain`: goes without protection. */
export const FATES = ['reject', 'quarantine', 'hold', 'defer', 'smime', 'pgp', 'pdf', 'portal', 'tls', 'plain'] as const
export type Fate = (typeof FATES)[number]

export interface Member {
  readonly person: Person
  readonly external: boolean
}

export interface Group {
  readonly fate: Fate
  readonly members: readonly Member[]
  /** The policy's own words, for mail that does not go. */
  readonly text: string | null
  readonly reasons: readonly string[]
  readonly missing: readonly { readonly field: string; readonly text: string }[]
  readonly extras: readonly Extra[]
}

/** What else is done to a copy. */
export type Extra =
  | { readonly kind: 'signed' }
  | { readonly kind: 'receipt' }
  | { readonly kind: 'links'; readonly files: number; readonly days: number; readonly secondFactor: boolean }
  | { readonly kind: 'password'; readonly channel: string }

const fateOf = ({ outcome, method }: RecipientVerdict): Fate => (outcome === 'deliver' ? (method ?? 'plain') : outcome)

/** Whether every copy that goes is protected from end to end. */
export const isEndToEnd = ({ method }: RecipientVerdict): boolean =>
  method === 'smime' || method === 'pgp' || method === 'pdf' || method === 'portal'

/** Recipients by what happens to them. Somebody whom the verdict does not name is in no group. */
export function groupsOf(mail: SeenMail, verdict: Verdict, ownDomains: readonly string[]): readonly Group[] {
  const byAddress = new Map(verdict.recipients.map((one) => [one.address.toLowerCase(), one]))
  const isOwn = ownTester(mail.sender, ownDomains)
  const groups = new Map<string, { group: Omit<Group, 'members'>; members: Member[]; seen: Set<string> }>()
  for (const person of mail.people ?? []) {
    const address = person.address?.toLowerCase()
    const found = address === undefined ? undefined : byAddress.get(address)
    if (address === undefined || !found) continue
    const group = {
      fate: fateOf(found),
      text: found.text?.trim() || null,
      reasons: [...new Set(found.reasons.map(({ text }) => text))],
      missing: found.missing,
      extras: extrasOf(found),
    }
    const key = JSON.stringify(group)
    const entry = groups.get(key) ?? { group, members: [], seen: new Set() }
    groups.set(key, entry)
    // Somebody who stands in To and in Cc is one recipient.
    if (entry.seen.has(address)) continue
    entry.seen.add(address)
    entry.members.push({ person, external: !isOwn(address) })
  }
  return [...groups.values()]
    .map(({ group, members }) => ({ ...group, members }))
    .sort((a, b) => rank(a) - rank(b) || b.members.length - a.members.length)
}

const rank = (group: Group) => FATES.indexOf(group.fate)

/** Whether an address is of the sender's organisation, as far as the pane knows its domains. */
export function ownTester(sender: string | null, ownDomains: readonly string[]): (address: string) => boolean {
  const domain = (address: string) => address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  const own = new Set(ownDomains.map((one) => one.toLowerCase()))
  if (sender !== null) own.add(domain(sender))
  return (address) => own.has(domain(address))
}

const DAY = 86_400

function extrasOf({ steps }: RecipientVerdict): readonly Extra[] {
  return steps.flatMap((step): Extra[] => {
    switch (step.do) {
      case 'sign':
        return [{ kind: 'signed' }]
      case 'receipt':
        return [{ kind: 'receipt' }]
      case 'fileLink': {
        const { attachments, expires, access } = step
        return [
          {
            kind: 'links',
            files: Array.isArray(attachments) ? attachments.length : 0,
            days: typeof expires === 'number' ? Math.max(1, Math.round(expires / DAY)) : 0,
            secondFactor: access === 'portal-2fa',
          },
        ]
      }
      case 'protect': {
        // The number stands with its recipient.
        const password = step.password as { readonly channel?: unknown } | undefined
        return typeof password?.channel === 'string' ? [{ kind: 'password', channel: password.channel }] : []
      }
      default:
        return []
    }
  })
}

/** Whether a telephone is missing, or may be: without a connection nobody knows. */
export const wantsPhone = (missing: Group['missing']): boolean =>
  missing.some(({ field }) => field === 'phone' || field === 'recipient.phoneKnown')

/** Bytes from which an attachment is called out: many mail servers refuse 10 MB and above once encoded. */
export const LARGE = 10_000_000

export interface Notices {
  readonly external: number
  /** Names that are not resolved, lists without an address, and addresses that the service did not accept. */
  readonly unresolved: readonly string[]
  readonly large: readonly { readonly name: string; readonly size: number }[]
  /** Bytes of all attachments. */
  readonly total: number
  /** The client tells no more recipients than these. */
  readonly cut: boolean
  readonly unreadable: boolean
}

export function noticesOf(mail: SeenMail, refused: ReadonlySet<string>, ownDomains: readonly string[]): Notices {
  const isOwn = ownTester(mail.sender, ownDomains)
  const people = mail.people ?? []
  const isNobody = ({ address }: Person) => address === null || refused.has(address)
  const known = new Set(people.flatMap((one) => (isNobody(one) ? [] : [one.address!.toLowerCase()])))
  const files = mail.files ?? []
  return {
    external: [...known].filter((address) => !isOwn(address)).length,
    unresolved: people.filter(isNobody).map(({ name }) => name),
    large: files.filter(({ size }) => size >= LARGE),
    total: files.reduce((sum, { size }) => sum + size, 0),
    cut: mail.cut,
    unreadable: mail.people === null || mail.sender === null,
  }
}
