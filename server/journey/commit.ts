import type {
  AuditEvent,
  CopyRecord,
  Decision,
  Job,
  JobSpec,
  MessageRecord,
  OnceStep,
  PolicyInput,
} from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { redactInput, rulesOf } from '../../shared/policy/index.ts'
import type { TenantWrites } from '../ports/store.ts'
import { copyJobs, deliverJobs, onceJobs, PASSWORD_STEP, type SmsPayload } from './effects.ts'
import type { Note } from './evaluate/given.ts'
import { type Harvested, keepHarvest } from './inbound/harvest.ts'
import type { OwnMail } from './notices.ts'
import { sealPayload } from './sealed-payload.ts'
import type { TenantProfile } from './tenant.ts'
import { type RenderedCopy, receiptOf, type Tools } from './transform/mail.ts'
import type { Stopped } from './undelivered.ts'

/** Where the bytes of a copy are. */
export type StoredCopy = Pick<CopyRecord, 'blob' | 'size' | 'head' | 'bodyStart'>

/** What evaluate and transform made of the message, before anything of it is recorded. */
export interface Carried {
  readonly decision: Decision | null
  /** Its steps once per message, without those that an earlier evaluation caused. */
  readonly once: readonly OnceStep[]
  readonly input: PolicyInput | null
  readonly notes: readonly Note[]
  readonly copies: readonly (RenderedCopy & StoredCopy)[]
  readonly own: readonly (Omit<OwnMail, 'message'> & StoredCopy & { readonly id: string })[]
  /** Certificates that good signatures brought along. */
  readonly harvest: readonly Harvested[]
  /** Final word on every open recipient that gets no copy now. */
  readonly stopped: ReadonlyMap<string, Stopped>
}

export interface CommitParts {
  readonly tools: Pick<Tools, 'clock' | 'secrets'>
  /** Whether the policy's input is kept, so that a change of the policy can be replayed on it. */
  readonly keepInputs: boolean
  /** When the n-th try of a deferred message is due, epoch ms. */
  retryAt(attempt: number, now: number): number
}

type Audit = (type: string, detail: AuditEvent['detail']) => Promise<unknown>

/** Writes what was decided and rendered: all of it or nothing. */
export async function commit(
  tx: TenantWrites,
  parts: CommitParts,
  tenant: TenantProfile,
  record: MessageRecord,
  carried: Carried,
  open: ReadonlySet<string>,
  job: Job,
): Promise<void> {
  const { decision, once, input, copies, own, stopped } = carried
  const now = parts.tools.clock.now()
  const common = { message: record.id, runAt: now }
  const audit: Audit = (type, detail) =>
    tx.appendAudit({ time: now, type, message: record.id, actor: 'gateway', detail })

  for (const note of carried.notes) await audit(note.type, note.detail)
  for (const kept of await keepHarvest(tx, carried.harvest, now)) await audit('key.harvested', kept)
  if (decision) await auditDecision(decision, open, audit)
  if (decision && input && parts.keepInputs) {
    const kept = { message: record.id, at: record.acceptedAt, rules: rulesOf(decision), ...redactInput(input) }
    await tx.putDecisionInput(kept)
  }
  for (const [address, { state, detail }] of stopped) {
    await tx.updateRecipient(record.id, address, { state, detail, at: now })
    await audit(`recipient.${state}`, { recipient: address, why: detail })
  }
  const jobs = [
    ...(await recordCopies(tx, parts, tenant, record, copies, audit)),
    ...(await recordOwn(tx, tenant, record, own, now, audit)),
  ]
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
      // Of this job: a release has its own, and what it counts would be taken by those of the first evaluation.
      step: `again-${attempt}:${job.id}`,
      // What a person released stays released when the message is decided again.
      payload: { ...(job.payload as object | null), attempt },
      runAt: parts.retryAt(attempt, now),
    })
  }
  await tx.updateMessage(record.id, decision ? { state: 'planned', decision } : { state: 'planned' })
  await tx.enqueue(jobs)
}

/** Answers the jobs that send the copies and hand them over. */
async function recordCopies(
  tx: TenantWrites,
  { tools }: CommitParts,
  tenant: TenantProfile,
  record: MessageRecord,
  copies: Carried['copies'],
  audit: Audit,
): Promise<JobSpec[]> {
  const now = tools.clock.now()
  const common = { message: record.id, runAt: now }
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
      blob: copy.blob,
      size: copy.size,
      head: copy.head,
      bodyStart: copy.bodyStart,
      route: copy.route,
      mailFrom: record.envelope.mailFrom,
      createdAt: now,
    })
    for (const recipient of copy.recipients) {
      const given = await tx.updateRecipient(record.id, recipient.address, {
        copy: copy.id,
        receipt: receiptOf(copy, recipient),
        at: now,
      })
      // Another node's unit was first: all of this is done again, with what it left.
      if (!given) throw new Fault('store-unavailable', 'another job decided meanwhile')
      await audit('recipient.transformed', {
        recipient: recipient.address,
        copy: copy.id,
        method: copy.method ?? 'plain',
        layers: copy.layers,
      })
    }
    jobs.push(...copyJobs(tenant, copy, common))
    for (const { record: key, replaces } of copy.passwords) {
      const [there] = await tx.keys({ kind: 'password', address: key.address })
      // Another mail was first: all of this is done again, with the password that its recipient has by now.
      if ((there && there.revokedAt === null ? there.createdAt : null) !== replaces)
        throw new Fault('store-unavailable', 'another mail made a standing password meanwhile')
      await tx.putKey(key)
      await audit('password.standing', { recipient: key.address, renewed: replaces !== null })
    }
    const [kept] = copy.passwords
    for (const secret of copy.secrets) {
      if (secret.by !== 'sms') continue
      const sealed = sealPayload(tools.secrets, tenant.id, { to: secret.phone, text: secret.text })
      jobs.push({
        ...common,
        queue: 'sms',
        lane: '',
        step: `${PASSWORD_STEP}${secret.recipient}`,
        payload: {
          recipient: secret.recipient,
          sealed,
          ...(kept ? { keptSince: kept.record.createdAt } : {}),
        } satisfies SmsPayload,
      })
    }
  }
  return jobs
}

/** Answers the jobs that send the mails beside the copies. */
async function recordOwn(
  tx: TenantWrites,
  tenant: TenantProfile,
  record: MessageRecord,
  own: Carried['own'],
  now: number,
  audit: Audit,
): Promise<JobSpec[]> {
  const jobs: JobSpec[] = []
  for (const mail of own) {
    await tx.insertCopy({
      id: mail.id,
      message: record.id,
      recipients: mail.to,
      steps: [],
      blob: mail.blob,
      size: mail.size,
      head: mail.head,
      bodyStart: mail.bodyStart,
      route: mail.route,
      mailFrom: mail.mailFrom,
      createdAt: now,
    })
    await audit('copy.added', { copy: mail.id, why: mail.why, to: mail.to })
    // A blind copy's step has no copy id: however often the message is evaluated, there is one.
    const named = mail.why === 'bcc' || mail.why === 'role' || mail.why === 'archive'
    const step = named ? `${mail.why}:${mail.to.join()}` : mail.id
    jobs.push(...deliverJobs(tenant, mail, mail.to, step, { message: record.id, runAt: now }))
  }
  return jobs
}

async function auditDecision(decision: Decision, open: ReadonlySet<string>, audit: Audit): Promise<void> {
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
