import { createHash } from 'node:crypto'
import type { MessageRecord } from '../../../shared/domain/index.ts'
import { toFault } from '../../../shared/fault/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { Note } from '../evaluate/given.ts'
import { type ParsedMail, parseMail } from '../parse/parse-mail.ts'
import { isOwnDomain, type TenantProfile } from '../tenant.ts'
import {
  isMalleable,
  loadsFromElsewhere,
  needsOpening,
  type OpenedMail,
  type OpenKeys,
  openedFacts,
  openedMessage,
  openMail,
  unpackingOf,
} from '../transform/open/index.ts'
import { DEFAULT_INBOUND, type InboundSettings } from './settings.ts'

/** The mail as some of its recipients get it: each with what his own keys open. */
export interface View {
  readonly recipients: ReadonlySet<string>
  /** null where nothing was looked at: mail of our own, recipients elsewhere, opening switched off. */
  readonly opened: OpenedMail | null
  /** From outside to people of ours: subject marks that are not ours go, whatever else is in it. */
  readonly inbound: boolean
  /** The copy as which it was processed before; it goes on as it is. */
  readonly returned?: string
  /** What rules judge: the opened content where there is one. */
  readonly parsed: ParsedMail
  readonly received: Form
  /** The mail with what was inside of its containers; null where that is what was received. */
  readonly unwrapped: Form | null
  /** Which of them goes on where no rule says so. */
  readonly usual: Form
}

/** A mail to be worked on. */
export interface Form {
  readonly source: ByteSource
  readonly parsed: ParsedMail
}

type Seen = Omit<View, 'recipients' | 'inbound'>

export interface MailToOpen {
  readonly tenant: TenantProfile
  readonly record: Pick<MessageRecord, 'envelope' | 'origin' | 'acceptedAt'>
  readonly recipients: readonly string[]
  readonly source: ByteSource
  readonly parsed: ParsedMail
  /** Whether words inside of files are asked for (see `parseMail`). */
  readonly fileText: boolean
}

/** Different sets of keys that are tried on one mail; whoever comes after them gets it as it was received. */
const MOST_KEY_SETS = 24

/** Whether anything of the mail is to be opened: a question that costs nothing for mail without protection. */
export function isToBeOpened({ tenant, record, recipients, parsed }: MailToOpen): boolean {
  if (settingsOf(tenant).open === 'off' || !isStrange(record, tenant)) return false
  return recipients.some((address) => isOurs(tenant, address)) && needsOpening(parsed.index, parsed.message.bodyText)
}

export const settingsOf = ({ inbound }: TenantProfile): InboundSettings => inbound ?? DEFAULT_INBOUND

/** A mail as it was received, for everybody. */
function asReceived({ tenant, record, recipients, source, parsed }: MailToOpen): readonly View[] {
  const strange = isStrange(record, tenant)
  const plain = strange && settingsOf(tenant).open !== 'off'
  const facts = { ...parsed, message: { ...parsed.message, opened: plain ? openedFacts(NOTHING) : null } }
  const received = { source, parsed: facts }
  const common = { opened: null, unwrapped: null, received, usual: received, parsed: facts }
  if (!strange) return [{ ...common, inbound: false, recipients: new Set(recipients) }]
  const [ours, others] = split(tenant, recipients)
  // Nobody of ours, nobody at all: there is one view, so that there is a decision.
  if (others.length > 0 && ours.length === 0) return [{ ...common, inbound: false, recipients: new Set(others) }]
  const views: View[] = [{ ...common, inbound: true, recipients: new Set(ours) }]
  if (others.length > 0) views.push({ ...common, inbound: false, recipients: new Set(others) })
  return views
}

const NOTHING: Parameters<typeof openedFacts>[0] = {
  layers: [],
  verdict: { state: 'plain', words: { de: '', en: '' }, signer: null, damage: null },
}

/** What was processed before, as that copy, leaves once more as it came. */
export const asReturned = (mail: MailToOpen, recipients: readonly string[], copy: string): readonly View[] =>
  asReceived({ ...mail, recipients }).map((view) => ({ ...view, inbound: false, returned: copy }))

/** The views of one mail, readable until they are disposed of. */
export interface Views extends AsyncDisposable {
  readonly views: readonly View[]
  readonly notes: readonly Note[]
}

/** A mail in which there is nothing to open. */
export const passed = (mail: MailToOpen): Views => ({
  views: asReceived(mail),
  notes: [],
  async [Symbol.asyncDispose]() {},
})

/**
 * Opens a stranger's mail for its recipients of ours. Each gets what his own keys (his, and the organisation's) open: whoever
 * sends a captured mail on to an accomplice in the house must not have it decrypted for him. Recipients with equal outcome share
 * a view. Raises what `keyring` and `source` raise; whatever is wrong with the mail is a verdict.
 */
export async function openViews(keyring: Keyring, mail: MailToOpen): Promise<Views> {
  const { tenant, recipients } = mail
  const [ours, others] = split(tenant, recipients)
  const held: OpenedMail[] = []
  const dispose = async () => {
    for (const opened of held) await opened[Symbol.asyncDispose]()
  }
  try {
    const views = await viewsByKey(keyring, mail, ours, held)
    const rest = others.length > 0 ? asReceived({ ...mail, recipients: others }) : []
    return { views: [...views, ...rest], notes: views.map(noteOf), [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function viewsByKey(
  keyring: Keyring,
  mail: MailToOpen,
  ours: readonly string[],
  held: OpenedMail[],
): Promise<View[]> {
  const shared = await sharedKeys(keyring, mail.tenant)
  const views = new Map<string, View>()
  const unpacking = unpackingOf(mail.source.size)
  let same: Seen | null = null
  for (const [at, { keys, addresses }] of (await keyGroups(keyring, mail.tenant, ours)).entries()) {
    const own = at < MOST_KEY_SETS ? keys : { smime: [], pgp: [] }
    const fresh = same === null
    const view: Seen = same ?? (await viewWith({ ...shared, ...own }, mail, unpacking, held))
    // Where nothing is encrypted the mail is the same for everybody.
    if (!view.opened?.layers.some(({ kind }) => kind.endsWith('-encrypted'))) same = view
    const name = await nameOf(view)
    const known = views.get(name)
    // Many keys open the same content: it is kept once.
    if (known && fresh) await held.pop()?.[Symbol.asyncDispose]()
    const together = new Set([...(known?.recipients ?? []), ...addresses])
    views.set(name, { ...(known ?? view), inbound: true, recipients: together })
  }
  return [...views.values()]
}

/** Size and oddities of the mail as it came join what was found inside. */
async function viewWith(
  keys: OpenKeys,
  mail: MailToOpen,
  unpacking: ReturnType<typeof unpackingOf>,
  held: OpenedMail[],
): Promise<Seen> {
  const { tenant, record, source, parsed } = mail
  const { index, visible } = parsed
  const settings = settingsOf(tenant)
  const { legacy } = settings
  const opened = await openMail(source, keys, { at: record.acceptedAt, from: visible.from, index, legacy, unpacking })
  held.push(opened)
  const facts = withFacts(parsed, parsed, opened)
  const received = { source, parsed: facts }
  const closed: Seen = { opened, unwrapped: null, received, usual: received, parsed: facts }
  const inner = settings.signatures === 'remove' || settings.report !== 'none' ? opened.content : opened.readable
  if (!inner || (inner === opened.content && isAsReceived(opened))) return closed
  const message = openedMessage(index, inner, opened.subject)
  try {
    const { envelope } = record
    const read = await parseMail(message, {
      nullSender: envelope.mailFrom === '',
      smtputf8: envelope.smtputf8,
      fileText: mail.fileText,
    })
    const inside = withFacts(read, parsed, opened)
    const unwrapped = { source: message, parsed: inside }
    return { ...closed, unwrapped, usual: isUnwrapped(opened, read, settings) ? unwrapped : received, parsed: inside }
  } catch (error) {
    // A structure that nobody could judge stays where it was.
    if (toFault(error).definition.retry) throw error
    return closed
  }
}

/**
 * What was encrypted is of no use to its reader as it came. What is only signed is evidence: it is taken apart where it proved what it
 * says, or where the tenant wants it so. Content that could send itself to an attacker once it is shown stays closed (EFAIL).
 */
function isUnwrapped(
  { layers, verdict }: OpenedMail,
  { index }: ParsedMail,
  { open, signatures, report }: InboundSettings,
): boolean {
  if (open === 'verify') return false
  if (isMalleable(layers) && loadsFromElsewhere(index)) return false
  const encrypted = layers.some(({ kind }) => kind.endsWith('-encrypted'))
  return encrypted || verdict.state === 'good' || signatures === 'remove' || report !== 'none'
}

/** Nothing was around the content. */
const isAsReceived = ({ layers }: OpenedMail) =>
  layers.every(({ state }) => state === 'not-covered' || state === 'forwarded' || state === 'not-opened')

function withFacts(read: ParsedMail, received: ParsedMail, opened: OpenedMail): ParsedMail {
  const defects = [...new Set([...read.message.defects, ...received.message.defects])].sort()
  const { size } = received.message
  return { ...read, message: { ...read.message, size, defects, opened: openedFacts(opened) } }
}

/** Equal names, equal mails. */
async function nameOf({ opened, unwrapped }: Seen): Promise<string> {
  const said = JSON.stringify([opened?.verdict, opened?.layers])
  if (!unwrapped) return said
  const hash = createHash('sha256')
  for await (const chunk of unwrapped.source.stream()) hash.update(chunk)
  return `${hash.digest('hex')} ${said}`
}

interface KeyGroup {
  readonly keys: Pick<OpenKeys, 'smime' | 'pgp'>
  readonly addresses: string[]
}

/** Recipients by the private keys that may open their mail. */
async function keyGroups(keyring: Keyring, tenant: TenantProfile, ours: readonly string[]): Promise<KeyGroup[]> {
  const groups = new Map<string, KeyGroup>()
  for (const address of ours) {
    const keys = await keyring.decryptionKeys(tenant.id, [address])
    const name = [
      ...keys.smime.map(({ certificate }) => certificate.fingerprint256),
      ...keys.pgp.map(({ armoredPublic }) => armoredPublic),
    ]
      .sort()
      .join('\n')
    const group = groups.get(name)
    if (group) group.addresses.push(address)
    else groups.set(name, { keys, addresses: [address] })
  }
  return [...groups.values()]
}

async function sharedKeys(
  keyring: Keyring,
  { id }: TenantProfile,
): Promise<Pick<OpenKeys, 'anchors' | 'verification'>> {
  return { anchors: await keyring.anchors(id), verification: (address) => keyring.verificationKeys(id, address) }
}

function noteOf({ opened, recipients }: View): Note {
  const layers = opened?.layers.map(({ kind, state, algorithm, signer }) => ({
    kind,
    state,
    ...(algorithm ? { algorithm } : {}),
    ...(signer ? { names: signer.address, key: signer.fingerprint } : {}),
  }))
  const { state, damage } = opened!.verdict
  return {
    type: 'message.opened',
    detail: {
      recipients: [...recipients],
      verdict: state,
      ...(damage ? { damage } : {}),
      layers,
    },
  }
}

function split({ domains }: TenantProfile, recipients: readonly string[]): [string[], string[]] {
  const ours = recipients.filter((address) => isOurs({ domains }, address))
  return [ours, recipients.filter((address) => !ours.includes(address))]
}

const isOurs = (tenant: Pick<TenantProfile, 'domains'>, address: string) => isOwnDomain(tenant, domainOf(address))

/** As `senderFacts` in evaluate tells strangers from our own. */
function isStrange({ envelope, origin }: MailToOpen['record'], tenant: TenantProfile): boolean {
  if (origin.authenticated === 'none') return true
  return envelope.mailFrom !== '' && !isOurs(tenant, envelope.mailFrom)
}
