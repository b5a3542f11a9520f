import type { Decision, MessageRecord, PolicyInput } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { type Policy, type Release, readsFileText } from '../../shared/policy/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { VerdictSigner } from '../ports/verdicts.ts'
import type { Authenticate } from './authenticate/authenticate.ts'
import type { Carried } from './commit.ts'
import type { Knowledge, Note } from './evaluate/given.ts'
import { formOfFirst, inHand } from './inbound/hand.ts'
import { harvestOf } from './inbound/harvest.ts'
import { mergeDecisions } from './inbound/merge-decisions.ts'
import { type Rendition, renditions } from './inbound/renditions.ts'
import { withStatement } from './inbound/stated.ts'
import type { Turns } from './inbound/turns.ts'
import { receiptLayers } from './inbound/verdict-header.ts'
import { asReturned, isToBeOpened, type MailToOpen, openViews, passed, type View } from './inbound/views.ts'
import { checkIntact } from './intact.ts'
import { type AskedOnce, askedOnce, type Judgement, judge } from './judge.ts'
import { type Leaving, leaving } from './leaving.ts'
import type { OwnMail } from './notices.ts'
import { onceDue } from './once.ts'
import { ownMails, unreadable } from './own-mails.ts'
import { parseMail } from './parse/parse-mail.ts'
import { type Returned, recogniseReturned, withReturned } from './returned.ts'
import { storeCopy, storeWhole } from './store-copy.ts'
import type { TenantProfile } from './tenant.ts'
import type { MailInHand, Tools } from './transform/mail.ts'
import { renderCopy } from './transform/render.ts'
import { type RoleHolders, roleHolders } from './transform/role-holders.ts'
import { type Stopped, undelivered } from './undelivered.ts'

/** A renderer that failed so often fails because of the mail, not because the machine was busy. */
const RENDER_TRIES = 3

export interface CarryParts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly knowledge: Knowledge
  readonly tools: Tools
  /** Asked only for strangers' mail. */
  readonly authenticate: Authenticate
  /** Signs what was found in a mail that was opened. */
  readonly verdicts: VerdictSigner
  /** Shared by all jobs of this process. */
  readonly turns: Turns
  /** Our host name, in what is said of authentication. */
  readonly name: string
  /** The policy in force; raises `policy-none`. */
  policy(tenant: TenantProfile): Policy
}

/** What is to be done with a message, and how often it was tried. */
export interface Waiting {
  /** Recipients that have neither a copy nor a final word. */
  readonly open: ReadonlySet<string>
  /** Others of the message have a copy from an earlier evaluation. */
  readonly sent: boolean
  /** Of the job, 1 for the first. */
  readonly attempt: number
  /** Holds that a person lifted. */
  readonly releases: readonly Release[]
}

/**
 * Reads, opens, judges and renders one message for those who wait for it. Nothing is recorded: `commit` does that with the
 * answer. Raises what another try may overcome; whatever is wrong with the mail is a final word on its recipients.
 */
export async function carryOut(
  parts: CarryParts,
  tenant: TenantProfile,
  record: MessageRecord,
  waiting: Waiting,
): Promise<Carried> {
  await using source = await parts.blobs.open(tenant.id, 'spool', record.blob)
  await checkIntact(source, record.digest)
  const policy = parts.policy(tenant)
  const about: Leaving = {
    tenant,
    record,
    index: null,
    authentication: null,
    returned: null,
    clock: parts.tools.clock,
    secrets: parts.tools.secrets,
    name: parts.name,
  }
  const parsed = await parseMail(source, {
    nullSender: record.envelope.mailFrom === '',
    smtputf8: record.envelope.smtputf8,
    fileText: readsFileText(policy),
  }).catch(permanent)
  if (parsed instanceof Fault) return notReadable(parts, about, record, waiting.open, parsed)

  const { returned, notes } = await recogniseReturned(
    { store: parts.store.tenant(tenant.id), secrets: parts.tools.secrets, now: parts.tools.clock.now() },
    record,
    parsed.index,
    source,
    tenant.id,
  )
  const others = record.envelope.recipients.filter(({ address }) => !returned?.recipients.has(address))
  const recipients = others.map(({ address }) => address)
  const asked = askedOnce(() =>
    parts.authenticate({ source, index: parsed.index, mailFrom: record.envelope.mailFrom, origin: record.origin }),
  )
  const toOpen: MailToOpen = { tenant, record, recipients, source, parsed, fileText: readsFileText(policy) }
  const opens = isToBeOpened(toOpen)
  // Held until the copies are stored: until then what was opened is in memory.
  using _turn = opens ? await parts.turns.take(source.size) : NO_TURN
  await using opened = opens ? await openViews(parts.tools.keyring, toOpen) : passed(toOpen)
  const { views } = opened
  const judged = await judgeViews(parts, tenant, policy, { record, others, views, asked }, waiting.releases)
  const decision = returned ? withReturned(judged.decision, returned) : judged.decision!
  const carried = await renderAll(
    parts,
    { ...about, index: parsed.index, returned, authentication: await asked.known() },
    { record, views, decision, policy, back: returned ? asReturned(toOpen, ...servedBy(returned)) : [] },
    waiting,
  )
  const said = [...notes, ...opened.notes, ...judged.notes, ...carried.notes]
  return {
    ...carried,
    decision,
    input: judged.input,
    notes: said,
    harvest: harvestOf(tenant, views, record.acceptedAt),
  }
}

const NO_TURN: Disposable = { [Symbol.dispose]() {} }
const servedBy = ({ recipients, mark }: Returned) => [[...recipients], mark.copy] as const

/** A structure that cannot be read is nothing a rule could judge: a person has to look. */
async function notReadable(
  parts: CarryParts,
  about: Leaving,
  record: MessageRecord,
  open: ReadonlySet<string>,
  fault: Fault,
): Promise<Carried> {
  const { own } = await storeOwn(parts, about, unreadable(parts.tools, about.tenant, record, open, fault))
  const stopped = new Map(
    [...open].map((address) => [address, { state: 'quarantined', detail: fault.message }] as const),
  )
  return { decision: null, once: [], input: null, notes: [], copies: [], harvest: [], own, stopped }
}

interface Judged {
  /** null where nobody is left to decide on. */
  readonly decision: Decision | null
  readonly input: PolicyInput | null
  readonly notes: readonly Note[]
}

/** The policy's word on every recipient, each on the form of the mail that he gets. */
async function judgeViews(
  { knowledge }: Pick<CarryParts, 'knowledge'>,
  tenant: TenantProfile,
  policy: Policy,
  mail: {
    readonly record: MessageRecord
    readonly others: MessageRecord['envelope']['recipients']
    readonly views: readonly View[]
    readonly asked: AskedOnce
  },
  releases: readonly Release[],
): Promise<Judged> {
  const { record, others, views, asked } = mail
  const judgements: Judgement[] = []
  for (const view of others.length > 0 ? views : []) {
    const envelope = { ...record.envelope, recipients: others.filter(({ address }) => view.recipients.has(address)) }
    judgements.push(await judge(knowledge, tenant, policy, { record, envelope, parsed: view.parsed, asked }, releases))
  }
  const [first, ...more] = judgements
  return {
    decision: first
      ? mergeDecisions([first.decision, ...more.map(({ decision }) => decision)], policy.tenantLabels)
      : null,
    input: first?.input ?? null,
    notes: judgements.flatMap(({ notes }) => notes),
  }
}

interface Decided {
  readonly record: MessageRecord
  readonly views: readonly View[]
  /** Of recipients whose mail came back to us. */
  readonly back: readonly View[]
  readonly decision: Decision
  readonly policy: Policy
}

/** Everything that leaves: the copies, and the mails beside them. */
async function renderAll(
  parts: CarryParts,
  about: Leaving,
  { record, views, back, decision, policy }: Decided,
  { open, sent, attempt }: Waiting,
): Promise<Pick<Carried, 'once' | 'copies' | 'own' | 'stopped' | 'notes'>> {
  const { tenant } = about
  const once = onceDue(decision, record.decision, sent)
  const mail: Omit<MailInHand, 'source' | 'parsed'> = {
    id: record.id,
    origin: record.origin,
    tenant,
    mailFrom: record.envelope.mailFrom,
    acceptedAt: record.acceptedAt,
    decision: { ...decision, once },
  }
  // Beside the copies the mail is what its first recipients get.
  const [main] = views
  const plain = inHand(mail, main!, formOfFirst(main!, decision))
  const wanted = new Set(
    decision.recipients.flatMap(({ address, outcome }) =>
      outcome === 'deliver' && open.has(address) ? [address] : [],
    ),
  )
  const stopped = new Map<string, Stopped>()
  const hold = (addresses: Iterable<string>, { message: detail }: Fault) => {
    for (const address of addresses) stopped.set(address, { state: 'held', detail })
  }
  let roles: RoleHolders | Fault = await roleHolders(plain, parts.tools).catch(permanent)
  if (roles instanceof Fault) {
    hold(wanted, roles)
    wanted.clear()
    roles = new Map()
  }
  const ordinary = policy.tenantLabels.default.id
  const label = decision.classification ?? ordinary
  const classification = label === ordinary ? null : label
  const copies: Carried['copies'][number][] = []
  const notes: Note[] = []
  for (const rendition of renditions(mail, [...views, ...back], wanted, parts.tools, classification !== null)) {
    try {
      const made = await storeRendition(parts, about, record, rendition, classification)
      copies.push(made.copy)
      notes.push(...made.notes)
    } catch (error) {
      // A page that no renderer takes will not be taken later; it must not keep the other recipients' copies back.
      const hopeless = toFault(error).code === 'render-failed' && attempt >= RENDER_TRIES
      const addresses = rendition.copy.recipients.map(({ address }) => address)
      hold(addresses, hopeless ? toFault(error) : permanent(error))
    }
  }
  const told = undelivered(decision, open, stopped, record, calm(parts.tools.clock))
  const beside = await storeOwn(parts, about, ownMails(parts.tools, plain, record, told, copies, roles))
  return { once, copies, own: beside.own, stopped, notes: [...notes, ...beside.notes] }
}

/** One copy: rendered, stated, sealed, stored. */
async function storeRendition(
  parts: CarryParts,
  about: Leaving,
  record: MessageRecord,
  rendition: Rendition,
  classification: string | null,
): Promise<{ readonly copy: Carried['copies'][number]; readonly notes: readonly Note[] }> {
  const { view, copy, mail, files } = rendition
  const rendered = await renderCopy(mail, copy, files, parts.tools)
  const recipients = rendered.recipients.map(({ address }) => address)
  const message = await withStatement(parts, rendition, rendered, classification)
  const { message: sealed, front, notes } = leaving(about, { ...rendered, message, recipients })
  const place = await storeCopy({ ...parts, tenant: about.tenant.id }, record.blob, rendered.id, sealed, front)
  const layers = view.opened ? [...receiptLayers(view.opened), ...rendered.layers] : rendered.layers
  return { copy: { ...rendered, ...place, layers }, notes }
}

/** Mails that we write ourselves. */
async function storeOwn(
  parts: CarryParts,
  about: Leaving,
  mails: readonly OwnMail[],
): Promise<{ readonly own: Carried['own']; readonly notes: readonly Note[] }> {
  const own: Carried['own'][number][] = []
  const notes: Note[] = []
  for (const { message, ...mail } of mails) {
    const id = parts.tools.newId()
    const out = leaving({ ...about, index: null }, { id, recipients: mail.to, route: mail.route, message })
    own.push({ ...mail, id, ...(await storeWhole({ ...parts, tenant: about.tenant.id }, id, out.message, out.front)) })
    notes.push(...out.notes)
  }
  return { own, notes }
}

/** The fault of a step that will not work next time either; one that may is thrown on, and the job is tried again. */
function permanent(error: unknown): Fault {
  const fault = toFault(error)
  if (fault.definition.retry) throw fault
  return fault
}

/** A step of the clock makes no deferral old: of the two times the one that gives up later. */
const calm = (clock: Clock): number => Math.min(clock.now(), clock.steady?.() ?? clock.now())
