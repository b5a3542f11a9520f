/**
 * THE MAIL'S PATH. One message goes through the stages in this order; each is a room beside this file.
 *
 *     ingress    SMTP or REST -> spool, one transaction (message, recipients, job, audit), then 250
 *     parse      bytes -> index of byte ranges and facts; rewrites nothing
 *     evaluate   facts + what is known of people and keys -> the policy's input -> decision, a plan per recipient
 *     transform  plan -> bytes: one rendered copy per distinct plan
 *     deliver    copy -> next hop, per recipient, with retries and reports
 *
 * `process` below carries a message from `accepted` to `planned`: everything it decided stands in one transaction with
 * the jobs that carry it out, so a crash at any point repeats a stage and never half of one.
 */
import type {
  AuditEvent,
  Decision,
  Job,
  JobSpec,
  MessageRecord,
  OnceStep,
  Outcome,
  PolicyInput,
  RecipientDecision,
  RecipientState,
} from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { decide, type Policy, readsFileText, redactInput, rulesOf } from '../../shared/policy/index.ts'
import { writeEntity } from '../mime/write.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Store, TenantWrites } from '../ports/store.ts'
import { rejectionReport } from './deliver/rejection.ts'
import { copyJobs, onceJobs } from './effects.ts'
import { withEnvelopeAddresses } from './envelope-addresses.ts'
import { assembleInput, type Knowledge, type Note } from './evaluate/input.ts'
import { notifyMails, type OwnMail, outcomeNotices, passwordMails } from './notices.ts'
import { onceDue } from './once.ts'
import { type ParsedMail, parseMail } from './parse/parse-mail.ts'
import { sealPayload } from './sealed-payload.ts'
import type { TenantProfile } from './tenant.ts'
import { plainCopies } from './transform/blind-copy.ts'
import { LinkFiles } from './transform/link-files.ts'
import { type MailInHand, type RenderedCopy, receiptOf, type Tools } from './transform/mail.ts'
import { copiesOf, renderCopy } from './transform/render.ts'
import { type RoleHolders, roleHolders } from './transform/role-holders.ts'

/** What a decided outcome makes of a recipient that was on the way. */
const STATE_OF: Readonly<Record<Exclude<Outcome, 'deliver'>, RecipientState>> = {
  defer: 'deferred',
  hold: 'held',
  quarantine: 'quarantined',
  reject: 'rejected',
}

/** A deferral is tried again for a day, then a person has to look (CONTRACT, "What 250 means"). */
const DEFER_LIMIT_MS = 24 * 3_600_000

/** A renderer that failed so often fails because of the mail, not because the machine was busy. */
const RENDER_TRIES = 3

export interface JourneyParts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly knowledge: Knowledge
  readonly tools: Tools
  readonly log: Log
  readonly metrics: Metrics
  /** The tenant's profile; raises `config-missing` for one that is not configured any more. */
  tenant(id: string): TenantProfile
  /** The policy in force; raises `policy-none`. */
  policy(tenant: TenantProfile): Policy
  /** Whether the policy's input is kept, so that a change of the policy can be replayed on it. */
  readonly keepInputs: boolean
  /** When the n-th try of a deferred message is due, epoch ms. */
  retryAt(attempt: number, now: number): number
}

/** Handler of a `process` job: evaluates and renders a message for every recipient that is still on the way. */
export function createProcess(parts: JourneyParts): (job: Job, signal: AbortSignal) => Promise<void> {
  return async (job) => {
    const profile = parts.tenant(job.tenant)
    const store = parts.store.tenant(profile.id)
    const record = job.message === null ? null : await store.read.message(job.message)
    if (!record) throw new Fault('blob-missing', `message ${job.message}`)
    const recipients = await store.read.recipients(record.id)
    // Whoever has a copy is the deliver jobs' business, even while the next hop lets him wait: a second one would reach him twice.
    const open = new Set(
      recipients
        .filter(({ state, copy }) => copy === null && (state === 'pending' || state === 'deferred'))
        .map(({ address }) => address),
    )
    if (open.size === 0) return parts.store.queue.complete(job)

    const stopwatch = performance.now()
    const sent = recipients.some(({ copy }) => copy !== null)
    const result = await carryOut(parts, profile, record, { open, sent, attempt: job.attempt })
    await store.write(async (tx) => {
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
  }
}

/** What evaluate and transform made of the message, before anything of it is recorded. */
interface Carried {
  readonly decision: Decision | null
  /** Its steps once per message, without those that an earlier evaluation caused. */
  readonly once: readonly OnceStep[]
  readonly input: PolicyInput | null
  readonly notes: readonly Note[]
  readonly copies: readonly (RenderedCopy & { readonly size: number })[]
  readonly own: readonly (Omit<OwnMail, 'message'> & { readonly id: string; readonly size: number })[]
  /** Final word on every open recipient that gets no copy now. */
  readonly stopped: ReadonlyMap<string, { readonly state: RecipientState; readonly detail: string }>
}

interface Waiting {
  /** Recipients that have neither a copy nor a final word. */
  readonly open: ReadonlySet<string>
  /** Others of the message have a copy from an earlier evaluation. */
  readonly sent: boolean
  /** Of the job, 1 for the first. */
  readonly attempt: number
}

async function carryOut(
  parts: JourneyParts,
  tenant: TenantProfile,
  record: MessageRecord,
  { open, sent, attempt }: Waiting,
): Promise<Carried> {
  await using source = await parts.blobs.open(tenant.id, 'spool', record.blob)
  const policy = parts.policy(tenant)
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
      own: await stored(parts, tenant, unreadable(parts, tenant, record, open, fault)),
      stopped: new Map([...open].map((address) => [address, { state: 'quarantined', detail: fault.message }])),
    }
  }
  const { input, notes } = await assembleInput(
    { envelope: record.envelope, origin: record.origin, receivedAt: record.acceptedAt, facts: parsed },
    tenant,
    policy,
    parts.knowledge,
  )
  const decision = withEnvelopeAddresses(decideOrFault(policy, input), record.envelope)
  const once = onceDue(decision, record.decision, sent)
  const mail: MailInHand = {
    id: record.id,
    tenant,
    mailFrom: record.envelope.mailFrom,
    acceptedAt: record.acceptedAt,
    source,
    parsed,
    decision: { ...decision, once },
  }
  const copies: (RenderedCopy & { size: number })[] = []
  const stopped = new Map<string, { state: RecipientState; detail: string }>()
  const files = new LinkFiles(mail, parts.tools)
  const wanted = new Set(
    decision.recipients
      .filter(({ address, outcome }) => outcome === 'deliver' && open.has(address))
      .map(({ address }) => address),
  )
  let roles: RoleHolders = new Map()
  try {
    roles = await roleHolders(mail, parts.tools)
  } catch (error) {
    const fault = permanent(error)
    for (const address of wanted) stopped.set(address, { state: 'held', detail: fault.message })
    wanted.clear()
  }
  for (const copy of copiesOf(mail, wanted)) {
    try {
      const rendered = await renderCopy(mail, copy, files, parts.tools)
      const { size } = await parts.blobs.put(tenant.id, 'copy', rendered.id, writeEntity(rendered.message))
      copies.push({ ...rendered, size })
    } catch (error) {
      // A page that no renderer takes will not be taken later; it must not keep the other recipients' copies back.
      const hopeless = toFault(error).code === 'render-failed' && attempt >= RENDER_TRIES
      const fault = hopeless ? toFault(error) : permanent(error)
      for (const { address } of copy.recipients) stopped.set(address, { state: 'held', detail: fault.message })
    }
  }
  const told = undelivered(decision, open, stopped, record, parts.tools.clock.now())
  const own = await stored(parts, tenant, ownMails(parts, mail, record, told, copies, roles))
  return { decision, once, input, notes, copies, own, stopped }
}

async function stored(parts: JourneyParts, tenant: TenantProfile, mails: readonly OwnMail[]): Promise<Carried['own']> {
  const own: Carried['own'][number][] = []
  for (const { message, ...mail } of mails) {
    const id = parts.tools.newId()
    const { size } = await parts.blobs.put(tenant.id, 'copy', id, writeEntity(message))
    own.push({ ...mail, id, size })
  }
  return own
}

/** No policy judged it, so there is nobody to approve; but its sender was told 250 and has to hear of it. */
function unreadable(
  parts: JourneyParts,
  tenant: TenantProfile,
  record: MessageRecord,
  open: ReadonlySet<string>,
  fault: Fault,
): OwnMail[] {
  const told = [...open].map((address): RecipientDecision => {
    const { title } = fault.definition
    const nothing = { method: null, steps: [], reasons: [], missing: [], simulated: [] }
    return { address, outcome: 'quarantine', text: title[tenant.language], ...nothing }
  })
  return outcomeNotices(tenant, record, told, parts.tools.clock.now(), parts.tools.newId)
}

/** The fault of a step that will not work next time either; one that may is thrown on, and the job is tried again. */
function permanent(error: unknown): Fault {
  const fault = toFault(error)
  if (fault.definition.retry) throw fault
  return fault
}

function decideOrFault(policy: Policy, input: PolicyInput): Decision {
  try {
    return decide(policy, input)
  } catch (cause) {
    throw new Fault('policy-engine', '', { cause })
  }
}

type Told = RecipientDecision & { readonly outcome: Exclude<Outcome, 'deliver'> }

/** Settles the recipients that get nothing now into `stopped` and returns those somebody has to hear about. */
function undelivered(
  decision: Decision,
  open: ReadonlySet<string>,
  stopped: Map<string, { state: RecipientState; detail: string }>,
  record: MessageRecord,
  now: number,
): Told[] {
  const told: Told[] = []
  for (const recipient of decision.recipients) {
    if (!open.has(recipient.address)) continue
    const failed = stopped.get(recipient.address)
    if (failed) told.push({ ...recipient, outcome: 'hold', text: failed.detail })
    if (failed || recipient.outcome === 'deliver') continue
    const outcome = outcomeNow(recipient.outcome, record, now)
    stopped.set(recipient.address, {
      state: STATE_OF[outcome],
      detail: recipient.text ?? recipient.reasons.map(({ text }) => text.en).join('; '),
    })
    if (outcome !== 'defer') told.push({ ...recipient, outcome })
  }
  return told
}

function outcomeNow(
  outcome: Exclude<Outcome, 'deliver'>,
  record: MessageRecord,
  now: number,
): Exclude<Outcome, 'deliver'> {
  if (outcome === 'defer' && now - record.acceptedAt > DEFER_LIMIT_MS) return 'hold'
  // A stranger's address proves nothing: a bounce would be backscatter (CONTRACT, "What 250 means").
  if (outcome === 'reject' && !answerable(record)) return 'quarantine'
  return outcome
}

const answerable = (record: MessageRecord): boolean =>
  record.origin.authenticated !== 'none' && record.envelope.mailFrom !== ''

/** Mails beside the copies. Blind copies and mail to roles wait until something is delivered. */
function ownMails(
  parts: JourneyParts,
  mail: MailInHand,
  record: MessageRecord,
  told: readonly Told[],
  copies: readonly RenderedCopy[],
  roles: RoleHolders,
): OwnMail[] {
  const { tenant, decision } = mail
  const now = parts.tools.clock.now()
  const { newId } = parts.tools
  const mails: OwnMail[] = []
  const rejected = told.filter(({ outcome }) => outcome === 'reject')
  if (rejected.length)
    mails.push(rejectionReport(tenant, record, rejected, mail.parsed.index.root.fields, now, newId()))
  mails.push(...outcomeNotices(tenant, record, told, now, newId))
  mails.push(...copies.flatMap((copy) => passwordMails(tenant, copy, now, newId)))
  mails.push(...plainCopies(mail, roles).filter(({ why }) => why === 'archive' || copies.length > 0))
  mails.push(...notifyMails(tenant, record, decision, now, newId))
  return mails.filter(({ to }) => to.length > 0)
}

/** Writes what was decided and rendered: all of it or nothing. */
async function commit(
  tx: TenantWrites,
  parts: JourneyParts,
  tenant: TenantProfile,
  record: MessageRecord,
  carried: Carried,
  open: ReadonlySet<string>,
  job: Job,
): Promise<void> {
  const { decision, once, input, copies, own, stopped } = carried
  const now = parts.tools.clock.now()
  const common = { message: record.id, runAt: now }
  const audit = (type: string, detail: AuditEvent['detail']) =>
    tx.appendAudit({ time: now, type, message: record.id, actor: 'gateway', detail })

  for (const note of carried.notes) await audit(note.type, note.detail)
  if (decision) await auditDecision(decision, open, audit)
  if (decision && input && parts.keepInputs) {
    const kept = { message: record.id, at: record.acceptedAt, rules: rulesOf(decision), ...redactInput(input) }
    await tx.putDecisionInput(kept)
  }
  for (const [address, { state, detail }] of stopped) {
    await tx.updateRecipient(record.id, address, { state, detail, at: now })
    await audit(`recipient.${state}`, { recipient: address, why: detail })
  }
  const jobs: JobSpec[] = []
  const stored = new Set<string>()
  for (const copy of copies) {
    for (const file of copy.linkFiles) {
      if (stored.has(file.id)) continue
      stored.add(file.id)
      await tx.insertLinkFile(file)
      await audit('link.stored', { file: file.id, name: file.name, size: file.size, sha256: file.sha256 })
    }
    for (const grant of copy.grants) {
      await tx.insertGrant(grant)
      const { id, recipient, access, kind, files, expiresAt } = grant
      await audit('link.granted', {
        grant: id,
        recipient,
        access,
        kind,
        files: files.length,
        expires: new Date(expiresAt).toISOString(),
      })
    }
    const recipients = copy.recipients.map(({ address }) => address)
    await tx.insertCopy({
      id: copy.id,
      message: record.id,
      recipients,
      steps: copy.steps,
      blob: copy.id,
      size: copy.size,
      route: copy.route,
      mailFrom: record.envelope.mailFrom,
      createdAt: now,
    })
    for (const recipient of copy.recipients) {
      await tx.updateRecipient(record.id, recipient.address, {
        copy: copy.id,
        receipt: receiptOf(copy, recipient),
        at: now,
      })
      await audit('recipient.transformed', {
        recipient: recipient.address,
        copy: copy.id,
        method: copy.method ?? 'plain',
        layers: copy.layers,
      })
    }
    jobs.push(...copyJobs(copy, common))
    for (const secret of copy.secrets) {
      if (secret.by !== 'sms') continue
      const sealed = sealPayload(parts.tools.secrets, tenant.id, { to: secret.phone, text: secret.text })
      jobs.push({
        ...common,
        queue: 'sms',
        lane: '',
        step: `password:${secret.recipient}`,
        payload: { recipient: secret.recipient, sealed },
      })
    }
  }
  for (const mail of own) {
    await tx.insertCopy({
      id: mail.id,
      message: record.id,
      recipients: mail.to,
      steps: [],
      blob: mail.id,
      size: mail.size,
      route: mail.route,
      mailFrom: mail.mailFrom,
      createdAt: now,
    })
    await audit('copy.added', { copy: mail.id, why: mail.why, to: mail.to })
    // A blind copy's step has no copy id: however often the message is evaluated, there is one.
    const named = mail.why === 'bcc' || mail.why === 'role' || mail.why === 'archive'
    jobs.push({
      ...common,
      queue: 'deliver',
      lane: mail.route,
      step: named ? `${mail.why}:${mail.to.join()}` : mail.id,
      payload: { copyId: mail.id, recipients: mail.to },
    })
  }
  if (decision) {
    const about = {
      tenant: tenant.id,
      sender: record.envelope.mailFrom,
      subject: record.subject,
      acceptedAt: record.acceptedAt,
    }
    jobs.push(...onceJobs({ ...decision, once }, tenant, about, copies, common))
  }
  if ([...stopped.values()].some(({ state }) => state === 'deferred')) {
    const attempt = attemptOf(job) + 1
    jobs.push({
      queue: 'process',
      message: record.id,
      lane: '',
      step: `again-${attempt}`,
      payload: { attempt },
      runAt: parts.retryAt(attempt, now),
    })
  }
  await tx.updateMessage(record.id, decision ? { state: 'planned', decision } : { state: 'planned' })
  await tx.enqueue(jobs)
}

async function auditDecision(
  decision: Decision,
  open: ReadonlySet<string>,
  audit: (type: string, detail: AuditEvent['detail']) => Promise<unknown>,
): Promise<void> {
  for (const { address, outcome, method, reasons, missing, simulated } of decision.recipients) {
    if (!open.has(address)) continue
    await audit('recipient.decided', {
      recipient: address,
      outcome,
      method,
      decision: decision.decisionId,
      revision: decision.revision,
      rules: reasons.map(({ rule }) => rule),
      ...(missing.length ? { missing: missing.map(({ field }) => field) } : {}),
      ...(simulated.length ? { simulated } : {}),
    })
  }
}

const attemptOf = (job: Job): number => Number((job.payload as { attempt?: number } | null)?.attempt ?? 0)
