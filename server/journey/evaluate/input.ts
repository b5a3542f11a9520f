import type {
  Direction,
  Envelope,
  EnvelopeRecipient,
  MessageFacts,
  Origin,
  PersonRecord,
  PolicyInput,
  RecipientFacts,
  SenderFacts,
} from '../../../shared/domain/index.ts'
import { toFault } from '../../../shared/fault/index.ts'
import { findingNeeds, type Lookup, type Policy } from '../../../shared/policy/index.ts'
import { domainOf, lookupAddress } from '../../../shared/words/address.ts'
import { resolveClassification } from '../../../shared/words/classification.ts'
import { parseProtection } from '../../../shared/words/protection.ts'
import { inTurns } from '../../threads/turn.ts'
import { realNames } from '../real-recipients.ts'
import { findRoute } from '../route-of.ts'
import { isOwnDomain, type TenantProfile } from '../tenant.ts'
import type { Authenticity, Knowledge, MailFacts, Note } from './given.ts'
import { givenNumbers } from './given-numbers.ts'
import { fewOf, PROTECTION, readIntent, withoutSteering } from './sender-intent.ts'

export interface Assembled {
  readonly input: PolicyInput
  readonly notes: readonly Note[]
}

/** `needed`: only what can change the decision is looked up. `all`: what an explanation shows besides. */
export type Scope = 'needed' | 'all'

/**
 * Joins what the mail says with what is known of its people and keys into the policy's input. A look-up that fails leaves
 * its fact unknown (the policy then defers what depends on it); nothing here raises for a look-up. Look-ups that were not
 * made stand in `unasked` of their recipient. Two are always made: the sender's record, by which replays are reported, and
 * the class of the mail that is answered, which the decision itself names.
 */
export async function assembleInput(
  mail: {
    readonly envelope: Envelope
    readonly origin: Origin
    readonly receivedAt: number
    readonly facts: MailFacts
    /** Without it nothing is known of what vouches for a stranger. */
    readonly authenticity?: Authenticity
  },
  tenant: TenantProfile,
  policy: Policy,
  knowledge: Knowledge,
  scope: Scope,
): Promise<Assembled> {
  const { envelope, origin, facts } = mail
  const notes: Note[] = []
  const sender = await senderFacts(mail, tenant, knowledge)
  const named = (text: string) => realNames(text, origin, tenant.foreignIntent)
  const visible = new Set([...facts.visible.to, ...facts.visible.cc].map((one) => lookupAddress(named(one))))
  const { intent, labelsSaid, raisesOnly, said } = await readIntent(mail, tenant, sender.address, knowledge, notes)
  const { numbers, notes: unclear } = givenNumbers(said, [...facts.visible.to, ...facts.visible.cc], named)
  for (const why of fewOf(unclear)) notes.push({ type: 'intent.ignored', detail: { why, what: [PROTECTION] } })
  const strangers = envelope.recipients.map((one) => bareRecipient(one, visible, numbers, tenant, sender))
  const standard = policy.tenantLabels.default.id
  const resolved = resolveClassification(labelsSaid, policy.labels, standard)
  for (const note of fewOf(resolved.notes)) notes.push({ type: 'intent.classification', detail: { note } })
  const { rank } = policy.tenantLabels
  const classification = raisesOnly && rank(resolved.label) < rank(standard) ? standard : resolved.label
  const partial: PolicyInput = {
    time: new Date(mail.receivedAt).toISOString(),
    message: {
      ...facts.message,
      header:
        origin.authenticated === 'none'
          ? withoutSteering(facts.message.header, tenant)
          : withRealNames(facts.message.header, named),
      direction: messageDirection(sender, strangers),
      classification,
      authenticated: origin.authenticated !== 'none',
      authentication: origin.authenticated,
      ...(origin.authenticated === 'none' ? {} : { auth: null }),
      ...(sender.ours ? { opened: null } : {}),
      ...(await answeredMail(facts, tenant, policy.tenantLabels, knowledge)),
      source: origin.channel,
    },
    sender,
    recipients: strangers,
    ...(facts.attachments ? { attachments: facts.attachments } : {}),
    intent,
  }
  const wanted = await wantedLookups(policy, partial, scope)
  const recipients = await Promise.all(
    strangers.map((one, position) => knownRecipient(one, wanted.of(position), mail.receivedAt, tenant, knowledge)),
  )
  const message = { ...partial.message, ...(await authentication(mail, wanted.auth)) }
  return { input: { ...partial, message, recipients }, notes }
}

/** An authenticated sender needs nobody's word; a stranger's is asked for where the policy or the tenant wants it. */
async function authentication(
  { origin, authenticity }: { readonly origin: Origin; readonly authenticity?: Authenticity },
  wanted: boolean,
): Promise<Pick<MessageFacts, 'auth' | 'unasked'>> {
  if (origin.authenticated !== 'none' || !authenticity) return {}
  if (!wanted && !authenticity.always) return { unasked: ['auth'] }
  const auth = await lookUp(() => authenticity.facts())
  return auth ? { auth } : {}
}

const LOOKUPS = ['directory', 'keys'] as const
type Lookups = ReadonlySet<Lookup>

/** Which look-ups are made for the recipient at a position, and whether authentication is one of the message's. */
async function wantedLookups(
  policy: Policy,
  partial: PolicyInput,
  scope: Scope,
): Promise<{ of(recipient: number): Lookups; readonly auth: boolean }> {
  if (scope === 'all') return { of: () => new Set(LOOKUPS), auth: true }
  const wanted = partial.recipients.map(() => new Set<Lookup>())
  let auth = false
  for (const { recipient, lookup } of await inTurns(findingNeeds(policy, partial))) {
    if (recipient !== null) wanted[recipient]?.add(lookup)
    else if (lookup === 'auth') auth = true
  }
  return { of: (recipient) => wanted[recipient] ?? new Set(), auth }
}

/** Message-IDs of a thread that are looked up, the nearest ones. */
const ANSWERED_MAX = 20

/**
 * The highest class of what the mail answers (RFC 5322 3.6.4), where the gateway carried that; a Message-ID that a stranger made up
 * can only raise it.
 */
async function answeredMail(
  { message: { header } }: MailFacts,
  tenant: TenantProfile,
  labels: { rank(id: string): number },
  { answered }: Knowledge,
): Promise<Pick<MessageFacts, 'replyTo'>> {
  if (!answered) return {}
  const said = ['in-reply-to', 'references'].flatMap((name) =>
    Object.hasOwn(header, name) ? (header[name] ?? []) : [],
  )
  const ids = said.flatMap((value) => [...value.slice(-8_000).matchAll(/<([^<>\s]{1,900})>/g)].map(([, id]) => id!))
  if (ids.length === 0) return { replyTo: null }
  const classes = await lookUp(() => answered(tenant.id, [...new Set(ids)].slice(-ANSWERED_MAX)))
  if (classes === undefined) return {}
  const [highest] = classes.toSorted((a, b) => labels.rank(b) - labels.rank(a))
  return { replyTo: highest === undefined ? null : { classification: highest } }
}

/** What people read in To and Cc: the policy speaks of the same addresses. */
function withRealNames(header: MessageFacts['header'], named: (text: string) => string): MessageFacts['header'] {
  const written = ['to', 'cc'].filter((name) => Object.hasOwn(header, name))
  return { ...header, ...Object.fromEntries(written.map((name) => [name, (header[name] ?? []).map(named)])) }
}

function messageDirection(sender: SenderFacts, recipients: readonly RecipientFacts[]): Direction {
  if (!sender.ours) return 'inbound'
  return recipients.every((recipient) => !recipient.external) ? 'internal' : 'outbound'
}

async function senderFacts(
  mail: { readonly envelope: Envelope; readonly origin: Origin },
  tenant: TenantProfile,
  knowledge: Knowledge,
): Promise<SenderFacts> {
  const address = lookupAddress(mail.envelope.mailFrom)
  const domain = domainOf(address)
  // A stranger who writes our domain into MAIL FROM is still a stranger: only an authenticated origin speaks for us. One that
  // leaves the reverse-path empty, as for a report, does too: else whoever signs in could slip by every rule on outbound mail.
  const ours = mail.origin.authenticated !== 'none' && (address === '' || isOwnDomain(tenant, domain))
  const base = { address, domain, tenant: tenant.id, ours }
  const person = await lookUp(() => knowledge.directory.person(tenant.id, address))
  if (person === undefined) return base
  return {
    ...base,
    ...personFacts(person),
  }
}

const personFacts = (person: PersonRecord | null) => ({
  department: person?.department ?? null,
  location: person?.location ?? null,
  role: person?.role ?? null,
  country: person?.country ?? null,
  language: person?.language ?? null,
  displayName: person?.name ?? null,
  groups: person?.groups ?? [],
})

/** What the envelope, the mail and the configuration say of a recipient. */
function bareRecipient(
  { address: raw, asked }: EnvelopeRecipient,
  visible: ReadonlySet<string>,
  numbers: ReadonlyMap<string, string>,
  tenant: TenantProfile,
  sender: SenderFacts,
): RecipientFacts {
  const address = lookupAddress(raw)
  const domain = domainOf(address)
  const external = !isOwnDomain(tenant, domain)
  const tls = findRoute(tenant, '', address)?.tls
  return {
    address,
    domain,
    external,
    direction: !sender.ours ? 'inbound' : external ? 'outbound' : 'internal',
    keys: {},
    bcc: !visible.has(address),
    ...(numbers.has(address) ? { phoneGiven: numbers.get(address)! } : {}),
    ...(asked === undefined ? {} : { asked: parseProtection([asked]).protection }),
    tls:
      tls === 'none' || tls === undefined
        ? 'none'
        : tls === 'verified' || tls === 'implicit'
          ? 'verified'
          : 'opportunistic',
  }
}

async function knownRecipient(
  recipient: RecipientFacts,
  wanted: Lookups,
  at: number,
  tenant: TenantProfile,
  { directory, keyring }: Knowledge,
): Promise<RecipientFacts> {
  const { address } = recipient
  const asked = <T>(lookup: Lookup, ask: () => Promise<T>) => (wanted.has(lookup) ? lookUp(ask) : undefined)
  const [person, smime, pgp] = await Promise.all([
    asked('directory', () => directory.person(tenant.id, address)),
    asked('keys', () => keyring.certificate(tenant.id, address, at)),
    asked('keys', () => keyring.pgpKey(tenant.id, address, at)),
  ])
  const unasked = LOOKUPS.filter((lookup) => !wanted.has(lookup))
  return {
    ...recipient,
    keys: { ...(smime ? { smime: smime.state } : {}), ...(pgp ? { pgp: pgp.state } : {}) },
    ...(person === undefined
      ? {}
      : {
          ...personFacts(person),
          phoneKnown: Boolean(person?.phone),
          portalAccount: person?.portalAccount ?? false,
          lastContact: person?.lastContact ?? null,
        }),
    ...(unasked.length > 0 ? { unasked } : {}),
  }
}

/** undefined when the look-up could not tell: the policy's third truth value. */
async function lookUp<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (toFault(error).definition.retry) return undefined
    throw error
  }
}
