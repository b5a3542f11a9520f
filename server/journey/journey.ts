/**
 * THE MAIL'S PATH. One message goes through the stages in this order; each is a room beside this file.
 *
 *     ingress    SMTP or REST -> spool, one transaction (message, recipients, job, audit), then 250
 *     parse      bytes -> index of byte ranges and facts; rewrites nothing
 *     inbound    what is signed or encrypted is opened for people of ours; the rest passes without a second look
 *     authenticate  what strangers' domains say of their mail: SPF, DKIM, DMARC, ARC; only where somebody asks
 *     evaluate   facts + what is known of people and keys -> the policy's input -> decision, a plan per recipient
 *     transform  plan -> bytes: one rendered copy per distinct plan
 *     seal       results, ARC, DKIM and the loop mark in front of a copy, after all steps
 *     deliver    copy -> next hop, per recipient, with retries and reports
 *
 * `process` below carries a message from `accepted` to `planned`: everything it decided stands in one transaction with
 * the jobs that carry it out, so a crash at any point repeats a stage and never half of one.
 */
import type { Job, MessageRecord, RecipientRecord } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { type Policy, type Release, readsFileText } from '../../shared/policy/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Store, TenantWrites } from '../ports/store.ts'
import type { Authenticate } from './authenticate/authenticate.ts'
import { type Carried, type CommitParts, commit } from './commit.ts'
import type { Knowledge, Note } from './evaluate/input.ts'
import { inHand } from './inbound/hand.ts'
import { harvestOf } from './inbound/harvest.ts'
import { mergeDecisions } from './inbound/merge-decisions.ts'
import { renditions } from './inbound/renditions.ts'
import { withStatement } from './inbound/stated.ts'
import type { Turns } from './inbound/turns.ts'
import { receiptLayers, type VerdictSigner } from './inbound/verdict-header.ts'
import { asReturned, isToBeOpened, type MailToOpen, openViews, passed } from './inbound/views.ts'
import { checkIntact } from './intact.ts'
import { askedOnce, type Judgement, judge } from './judge.ts'
import { type Leaving, leaving } from './leaving.ts'
import type { OwnMail } from './notices.ts'
import { onceDue } from './once.ts'
import { ownMails, unreadable } from './own-mails.ts'
import { type ParsedMail, parseMail } from './parse/parse-mail.ts'
import { recogniseReturned, withReturned } from './returned.ts'
import { storeCopy, storeWhole } from './store-copy.ts'
import type { TenantProfile } from './tenant.ts'
import type { MailInHand, Tools } from './transform/mail.ts'
import { renderCopy } from './transform/render.ts'
import { type RoleHolders, roleHolders } from './transform/role-holders.ts'
import { type Stopped, undelivered } from './undelivered.ts'

/** A renderer that failed so often fails because of the mail, not because the machine was busy. */
const RENDER_TRIES = 3

export interface JourneyParts extends CommitParts {
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
  readonly log: Log
  readonly metrics: Metrics
  /** The tenant's profile; raises `config-missing` for one that is not configured any more. */
  tenant(id: string): TenantProfile
  /** The policy in force; raises `policy-none`. */
  policy(tenant: TenantProfile): Policy
}

/** Handler of a `process` job: evaluates and renders a message for every recipient that is still on the way. */
export function createProcess(parts: JourneyParts): (job: Job, signal: AbortSignal) => Promise<'completed'> {
  return async (job) => {
    const profile = parts.tenant(job.tenant)
    const store = parts.store.tenant(profile.id)
    const record = job.message === null ? null : await store.read.message(job.message)
    if (!record) throw new Fault('blob-missing', `message ${job.message}`)
    const recipients = await store.read.recipients(record.id)
    // Whoever has a copy is the deliver jobs' business, even while the next hop lets him wait: a second one would reach him twice.
    const open = new Set(recipients.filter(isOpen).map(({ address }) => address))
    if (open.size === 0) {
      await parts.store.queue.complete(job)
      return 'completed'
    }

    const stopwatch = performance.now()
    const sent = recipients.some(({ copy }) => copy !== null)
    const result = await carryOut(parts, profile, record, {
      open,
      sent,
      attempt: job.attempt,
      releases: releasesOf(job),
    })
    await store.write(async (tx) => {
      await stillOpen(tx, record, open)
      await commit(tx, parts, profile, record, result, open, job)
      await tx.completeJob(job)
    })
    parts.metrics.observe('process_seconds', (performance.now() - stopwatch) / 1000, { tenant: profile.id })
    for (const recipient of result.decision?.recipients ?? []) {
      parts.metrics.count('decisions_total', {
        tenant: profile.id,
        outcome: recipient.outcome,
        method: recipient.method ?? 'plain',
      })
    }
    return 'completed'
  }
}

interface Waiting {
  /** Recipients that have neither a copy nor a final word. */
  readonly open: ReadonlySet<string>
  /** Others of the message have a copy from an earlier evaluation. */
  readonly sent: boolean
  /** Of the job, 1 for the first. */
  readonly attempt: number
  /** Holds that a person lifted. */
  readonly releases: readonly Release[]
}

async function carryOut(
  parts: JourneyParts,
  tenant: TenantProfile,
  record: MessageRecord,
  { open, sent, attempt, releases }: Waiting,
): Promise<Carried> {
  await using source = await parts.blobs.open(tenant.id, 'spool', record.blob)
  await checkIntact(source, record.digest)
  const policy = parts.policy(tenant)
  const nothing = { tenant, record, index: null, authentication: null, returned: null }
  const unsealed: Leaving = { ...nothing, clock: parts.tools.clock, secrets: parts.tools.secrets, name: parts.name }
  let parsed: ParsedMail
  try {
    parsed = await parseMail(source, {
      nullSender: record.envelope.mailFrom === '',
      smtputf8: record.envelope.smtputf8,
      fileText: readsFileText(policy),
    })
  } catch (error) {
    // A structure that cannot be read is nothing a rule could judge: a person has to look.
    const fault = permanent(error)
    return {
      decision: null,
      once: [],
      input: null,
      notes: [],
      copies: [],
      harvest: [],
      own: await stored(parts, unsealed, unreadable(parts.tools, tenant, record, open, fault)),
      stopped: new Map([...open].map((address) => [address, { state: 'quarantined', detail: fault.message }])),
    }
  }
  const { returned, notes } = await recogniseReturned(
    { store: parts.store.tenant(tenant.id), secrets: parts.tools.secrets, now: parts.tools.clock.now() },
    record,
    parsed.index,
    source,
    tenant.id,
  )
  const others = record.envelope.recipients.filter(({ address }) => !returned?.recipients.has(address))
  const asked = askedOnce(() =>
    parts.authenticate({ source, index: parsed.index, mailFrom: record.envelope.mailFrom, origin: record.origin }),
  )
  const toOpen: MailToOpen = {
    tenant,
    record,
    recipients: others.map(({ address }) => address),
    source,
    parsed,
    fileText: readsFileText(policy),
  }
  // Held until the copies are stored: until then what was opened is in memory.
  using _turn = isToBeOpened(toOpen) ? await parts.turns.take(source.size) : NO_TURN
  await using opened = isToBeOpened(toOpen) ? await openViews(parts.tools.keyring, toOpen) : passed(toOpen)
  const { views } = opened
  const said: Note[] = [...notes, ...opened.notes]
  const judgements: Judgement[] = []
  for (const view of others.length > 0 ? views : []) {
    const envelope = { ...record.envelope, recipients: others.filter(({ address }) => view.recipients.has(address)) }
    judgements.push(
      await judge(parts.knowledge, tenant, policy, { record, envelope, parsed: view.parsed, asked }, releases),
    )
  }
  const [judged, ...more] = judgements
  for (const { notes: found } of judgements) said.push(...found)
  const own = judged ? mergeDecisions([judged.decision, ...more.map(({ decision }) => decision)]) : null
  const decision = returned ? withReturned(own, returned) : own!
  const input = judged?.input ?? null
  const about: Leaving = { ...unsealed, index: parsed.index, returned, authentication: await asked.known() }
  const once = onceDue(decision, record.decision, sent)
  const mail: Omit<MailInHand, 'source' | 'parsed'> = {
    id: record.id,
    tenant,
    mailFrom: record.envelope.mailFrom,
    acceptedAt: record.acceptedAt,
    decision: { ...decision, once },
  }
  const copies: Carried['copies'][number][] = []
  const stopped = new Map<string, Stopped>()
  const wanted = new Set(
    decision.recipients
      .filter(({ address, outcome }) => outcome === 'deliver' && open.has(address))
      .map(({ address }) => address),
  )
  /** Beside the copies the mail is what its first recipients get. */
  const [main] = views
  const plain = inHand(mail, main!, main!.usual)
  let roles: RoleHolders = new Map()
  try {
    roles = await roleHolders(plain, parts.tools)
  } catch (error) {
    const fault = permanent(error)
    for (const address of wanted) stopped.set(address, { state: 'held', detail: fault.message })
    wanted.clear()
  }
  const { classification: label = policy.tenantLabels.default.id } = decision
  const classification = label === policy.tenantLabels.default.id ? null : label
  const all = returned ? [...views, ...asReturned(toOpen, [...returned.recipients])] : views
  for (const rendition of renditions(mail, all, wanted, parts.tools, classification !== null)) {
    const { view, copy } = rendition
    try {
      const rendered = await renderCopy(rendition.mail, copy, rendition.files, parts.tools)
      const addresses = rendered.recipients.map(({ address }) => address)
      const message = await withStatement(parts, rendition, rendered, classification)
      const out = leaving(about, { ...rendered, message, recipients: addresses })
      const place = await storeCopy({ ...parts, tenant: tenant.id }, record.blob, rendered.id, out.message, out.front)
      const layers = view.opened ? [...receiptLayers(view.opened), ...rendered.layers] : rendered.layers
      copies.push({ ...rendered, ...place, layers })
      said.push(...out.notes)
    } catch (error) {
      // A page that no renderer takes will not be taken later; it must not keep the other recipients' copies back.
      const hopeless = toFault(error).code === 'render-failed' && attempt >= RENDER_TRIES
      const fault = hopeless ? toFault(error) : permanent(error)
      for (const { address } of copy.recipients) stopped.set(address, { state: 'held', detail: fault.message })
    }
  }
  const told = undelivered(decision, open, stopped, record, calm(parts.tools.clock))
  const beside = await stored(parts, about, ownMails(parts.tools, plain, record, told, copies, roles), said)
  const harvest = harvestOf(tenant, views, record.acceptedAt)
  return { decision, once, input, notes: said, copies, harvest, own: beside, stopped }
}

const NO_TURN: Disposable = { [Symbol.dispose]() {} }

async function stored(
  parts: JourneyParts,
  about: Leaving,
  mails: readonly OwnMail[],
  notes: Note[] = [],
): Promise<Carried['own']> {
  const own: Carried['own'][number][] = []
  for (const { message, ...mail } of mails) {
    const id = parts.tools.newId()
    const out = leaving({ ...about, index: null }, { id, recipients: mail.to, route: mail.route, message })
    own.push({ ...mail, id, ...(await storeWhole({ ...parts, tenant: about.tenant.id }, id, out.message, out.front)) })
    notes.push(...out.notes)
  }
  return own
}

/** The fault of a step that will not work next time either; one that may is thrown on, and the job is tried again. */
function permanent(error: unknown): Fault {
  const fault = toFault(error)
  if (fault.definition.retry) throw fault
  return fault
}

/**
 * Two jobs may look at one message (a deferral that comes back, a release), and a person may end a recipient meanwhile: whoever
 * was decided by now gets no second copy and no second word, and whoever was dropped gets none.
 */
async function stillOpen(tx: TenantWrites, record: MessageRecord, open: ReadonlySet<string>): Promise<void> {
  for (const recipient of await tx.recipients(record.id))
    if (open.has(recipient.address) && !isOpen(recipient))
      throw new Fault('store-unavailable', 'another job decided meanwhile')
}

const isOpen = ({ state, copy }: Pick<RecipientRecord, 'state' | 'copy'>): boolean =>
  copy === null && (state === 'pending' || state === 'deferred')

/** A step of the clock makes no deferral old: of the two times the one that gives up later. */
const calm = (clock: Clock): number => Math.min(clock.now(), clock.steady?.() ?? clock.now())

/** Holds that an operator lifted (`operate/desk.ts`). */
const releasesOf = ({ payload }: Pick<Job, 'payload'>): readonly Release[] =>
  (payload as { readonly releases?: readonly Release[] } | null)?.releases ?? []
