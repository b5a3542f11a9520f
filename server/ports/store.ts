import type {
  AuditEvent,
  AuditRecord,
  CodeRecord,
  CopyRecord,
  DecisionInputRecord,
  GrantRecord,
  Job,
  JobQueueName,
  JobRecord,
  JobSpec,
  JobState,
  KeyRecord,
  LinkFileRecord,
  MessageId,
  MessageRecord,
  PersonRecord,
  PolicyVersionRecord,
  PortalSessionRecord,
  Receipt,
  ReceivedMessage,
  RecipientRecord,
  RecipientState,
  TenantId,
} from '../../shared/domain/index.ts'

/** Content up to so many bytes stands in a row, of the message or the copy; more is worth a blob and its flushes. */
export const IN_ROW = 32_768

/**
 * Durable records. There is no call without a tenant: a handle is bound to one tenant, and every row it reads or writes
 * is that tenant's. A database that is down or locked raises `store-unavailable`.
 */
export interface Store {
  tenant(tenant: TenantId): TenantStore
  /** The workers' side of the queue; a claimed job names its tenant. */
  readonly queue: JobQueue
  close(): Promise<void>
}

export interface TenantStore {
  readonly tenant: TenantId
  readonly read: TenantReads
  /**
   * One atomic, durable unit of work: resolves after the commit is on disk. Inside, await nothing but `tx`
   * (units share commits on SQLite). A throw rolls this unit back, alone. `work` may be called again when nothing of it
   * stands (a deadlock on PostgreSQL): what it makes outside of `tx` must bear that. Raises `store-in-doubt` when nobody knows
   * whether it stands.
   */
  write<T>(work: (tx: TenantWrites) => Promise<T>): Promise<T>
}

export interface TenantReads extends TidyReads, PolicyReads, JobReads {
  message(id: MessageId): Promise<MessageRecord | null>
  /** The message as received, alone in its memory, where it stands in a row (`insertMessage`); null where it is a blob, or was erased. */
  content(message: MessageId): Promise<Uint8Array | null>
  /** Messages that are not done, were accepted at `since` (epoch ms) or later and do not stand in a row, the newest first. */
  notDoneBlobs(query: {
    since: number
    limit: number
    before?: MessageId
  }): Promise<Pick<MessageRecord, 'id' | 'blob'>[]>
  messages(query: { limit: number; before?: MessageId; sender?: string }): Promise<MessageRecord[]>
  /** Messages with one of these Message-IDs (without brackets), the oldest 100. */
  messagesCalled(rfcMessageIds: readonly string[]): Promise<MessageRecord[]>
  recipients(message: MessageId): Promise<RecipientRecord[]>
  copies(message: MessageId): Promise<CopyRecord[]>
  copy(id: string): Promise<CopyRecord | null>
  /** A copy with the message it is of. */
  copyToSend(id: string): Promise<{ readonly copy: CopyRecord; readonly message: ReceivedMessage } | null>
  linkFiles(message: MessageId): Promise<LinkFileRecord[]>
  linkFile(id: string): Promise<LinkFileRecord | null>
  grantByToken(tokenHash: string): Promise<GrantRecord | null>
  grant(id: string): Promise<GrantRecord | null>
  grants(message: MessageId): Promise<GrantRecord[]>
  /** Newest unused code of a grant and channel. */
  code(grant: string, channel: CodeRecord['channel']): Promise<CodeRecord | null>
  portalSession(tokenHash: string): Promise<PortalSessionRecord | null>
  /** In order of the chain. */
  audit(query: { message?: MessageId; afterSeq?: number; limit: number }): Promise<AuditRecord[]>
  idempotent(client: string, key: string): Promise<IdempotencyRecord | null>
  keys(query: { id?: string; kind?: KeyRecord['kind']; use?: KeyRecord['use']; address?: string }): Promise<KeyRecord[]>
  person(address: string): Promise<PersonRecord | null>
  /** Everyone who holds a role, in order of address. */
  peopleWithRole(role: string): Promise<PersonRecord[]>
}

/** What tidying asks: indexed, at most `limit` answers, in no promised order. */
export interface TidyReads {
  /**
   * Of the first `look` messages after `after` that are not done, in the order of their ids, those for which nothing is left to
   * do: every recipient in a final state, and no job but ended ones. A dead job holds its message until it is older than
   * `deadBy`, so that whoever mends its cause still finds the content. `last` is where to go on; null when that was the end.
   */
  overMessages(query: {
    readonly deadBy: number
    readonly look: number
    readonly after?: MessageId
  }): Promise<{ readonly over: readonly MessageId[]; readonly last: MessageId | null }>
  /** Messages in state `done` whose content was not marked erased yet. */
  unerased(limit: number): Promise<Unerased[]>
  /** Of these messages, the copies that are a blob of their own. */
  copyBlobs(messages: readonly MessageId[]): Promise<Pick<CopyRecord, 'message' | 'blob'>[]>
  /** Messages with a grant that expired or was revoked at `endedBy` (epoch ms) or before and is not marked erased yet. */
  messagesWithEndedGrants(endedBy: number, limit: number): Promise<MessageId[]>
  /** The grant whose portal message is this blob, ended or not. */
  grantOfContent(blob: string): Promise<GrantRecord | null>
}

/** A message whose content can go. */
export interface Unerased extends Pick<MessageRecord, 'id'> {
  /** In the spool; null for one that stands in its row. */
  readonly blob: MessageRecord['blob'] | null
}

/** The queue as its operator looks at it. */
export interface JobReads {
  /** Jobs that are not done, the oldest first. */
  jobs(query: JobQuery): Promise<JobRecord[]>
  job(id: string): Promise<JobRecord | null>
  /** Jobs that are not done, by queue, lane and state. */
  jobCounts(): Promise<JobCount[]>
  /** Recipients that wait for a person (held, quarantined), those that wait longest first. */
  waiting(query: { readonly limit: number; readonly after?: MessageId }): Promise<RecipientRecord[]>
}

export interface JobQuery {
  readonly limit: number
  /** The last one of the page before. */
  readonly after?: string
  readonly queue?: JobQueueName
  readonly lane?: string
  readonly state?: JobState
  readonly message?: MessageId
  /** Made at this time (epoch ms) or before. */
  readonly madeBy?: number
}

export interface JobCount {
  readonly queue: JobQueueName
  readonly lane: string
  readonly state: JobState
  readonly count: number
  /** When the oldest of them was made, epoch ms. */
  readonly oldest: number
  /** When the first of them is due. */
  readonly due: number
}

/**
 * What an operator does to a job. Each answers the job as it is then, or null and changes nothing when it is not in a state
 * that allows it: a leased job is its worker's, and stays so.
 */
export interface JobWrites {
  /** `ready` becomes `held`. */
  holdJob(id: string, why: string): Promise<JobRecord | null>
  /** `held` becomes `ready`, due when it was. */
  releaseJob(id: string): Promise<JobRecord | null>
  /** `ready`, `held` or `dead` becomes `ready` and due at `runAt`, with a clean slate: no attempts, no crashes. */
  retryJob(id: string, again: { readonly runAt: number; readonly payload: unknown }): Promise<JobRecord | null>
  /** `ready`, `held` or `dead` becomes `done` without having been done. */
  dropJob(id: string, why: string): Promise<JobRecord | null>
}

export interface PolicyReads {
  /** Newest first, without the bundles. */
  policyVersions(query: { limit: number; before?: number }): Promise<PolicyVersionSummary[]>
  /** The version with this serial, or the newest. */
  policyVersion(serial?: number): Promise<PolicyVersionRecord | null>
  /** Inputs of messages that were accepted at `since` or later, newest first; `before` is the last one of the page before. */
  decisionInputs(query: {
    since: number
    before?: Pick<DecisionInputRecord, 'at' | 'message'>
    limit: number
  }): Promise<DecisionInputRecord[]>
}

export interface PolicyVersionSummary extends Omit<PolicyVersionRecord, 'bundle'> {
  /** The version whose bundle serves under this serial; null for one with a bundle of its own. */
  readonly rollbackTo: number | null
}

export interface PolicyWrites {
  /** False, and nothing is written, when the serial is not above that of every version. */
  insertPolicyVersion(version: PolicyVersionRecord): Promise<boolean>
  /** Inserts or replaces by message. */
  putDecisionInput(record: DecisionInputRecord): Promise<void>
}

/** What tidying changes. Each call is bounded and safe to repeat. */
export interface TidyWrites {
  /** Sets those of these messages to `done` for which nothing is left to do, as `overMessages` has it; answers their ids. */
  finishMessages(query: { readonly deadBy: number; readonly among: readonly MessageId[] }): Promise<MessageId[]>
  /** The spool and copy blobs of these messages are gone, and with them what they and their copies keep in rows. */
  markErased(messages: readonly MessageId[], at: number): Promise<void>
  /** Marks the grants of a message that ended at `endedBy` or before; answers the ids of those that were not marked yet. */
  markGrantsErased(message: MessageId, endedBy: number, at: number): Promise<string[]>
  /**
   * Deletes at most about `limit` rows (those of one millisecond go together) and answers how many: codes and sessions that
   * expired, idempotency records that were made and decision inputs whose message was accepted at `by` or before. Jobs: the ended ones that were made by then, of messages
   * that are done and of none; a dead job of no message stays for its operator.
   */
  purge(what: Purged, by: number, limit: number): Promise<number>
}

export type Purged = 'codes' | 'sessions' | 'idempotency' | 'inputs' | 'jobs'

export interface IdempotencyRecord {
  readonly client: string
  readonly key: string
  readonly bodyHash: string
  /** null while the first request is under way. */
  readonly response: { readonly status: number; readonly body: string } | null
  readonly createdAt: number
}

export interface TenantWrites extends TenantReads, TidyWrites, PolicyWrites, JobWrites {
  /** With its content where that has at most `IN_ROW` bytes and is no blob. */
  insertMessage(message: MessageRecord, recipients: readonly string[], content?: Uint8Array): Promise<void>
  updateMessage(id: MessageId, patch: Partial<Pick<MessageRecord, 'state' | 'decision'>>): Promise<void>
  /**
   * Moves one recipient. From a final state nothing moves, and nobody who has a copy gets another, also of two units at once:
   * returns false and changes nothing.
   */
  updateRecipient(
    message: MessageId,
    address: string,
    patch: { state?: RecipientState; copy?: string; detail?: string; receipt?: Receipt; at: number },
  ): Promise<boolean>
  insertCopy(copy: CopyRecord): Promise<void>
  insertLinkFile(file: LinkFileRecord): Promise<void>
  insertGrant(grant: GrantRecord): Promise<void>
  revokeGrants(message: MessageId, at: number): Promise<number>
  insertCode(code: CodeRecord): Promise<void>
  /** Counts an attempt or marks the code used; false when it was used or exhausted meanwhile. */
  updateCode(id: string, patch: { attempts?: number; usedAt?: number }): Promise<boolean>
  putPortalSession(session: PortalSessionRecord): Promise<void>
  deletePortalSession(tokenHash: string): Promise<void>
  /** Already enqueued (message, queue, lane, step) are left as they are. */
  enqueue(jobs: readonly JobSpec[]): Promise<void>
  appendAudit(event: AuditEvent): Promise<AuditRecord>
  /** False when the key is there already. */
  insertIdempotent(record: IdempotencyRecord): Promise<boolean>
  completeIdempotent(client: string, key: string, response: { status: number; body: string }): Promise<void>
  /** Inserts or replaces by id. */
  putKey(key: KeyRecord): Promise<void>
  deleteKey(id: string): Promise<void>
  /** Inserts or replaces by address. */
  putPerson(person: PersonRecord): Promise<void>
  /** Ends a leased job inside this unit of work; raises `lease-lost` when the lease is not ours any more. */
  completeJob(job: Job): Promise<void>
}

/** Writes of the tenant of a job, in the unit of work that ends it: a crash cannot leave a dead job that nobody heard of. */
export type Alongside = (tx: TenantWrites, job: Job) => Promise<void>

/** The jobs of one tenant for one destination in one queue: what limits, back-off and fair shares are about. */
export interface Lane {
  readonly queue: JobQueueName
  readonly tenant: TenantId
  readonly lane: string
}

/** A lane with new work. */
export interface Announced extends Lane {
  /** A person says that its next hop is to be tried: one that is left alone is asked at once. */
  readonly probe?: true
}

/** A lane with work that is due. */
export interface DueLane extends Lane {
  /** When its oldest ready job was due, epoch ms. */
  readonly due: number
}

/** At most so many jobs of this lane, those that have been due longest. */
export interface ClaimWant extends Lane {
  readonly limit: number
  /** Only those that were due at this time (epoch ms) or before. */
  readonly dueBy?: number
}

/**
 * Leased jobs, at-least-once, with fencing: whoever lost a lease cannot end the job (`lease-lost`).
 * A lease that runs out makes the job ready again and counts as an attempt, so that a mail that kills the process becomes
 * poison (`dead`) and not a crash loop.
 */
export interface JobQueue {
  /**
   * Takes jobs that are due, lane by lane; fewer than wanted where there are no more. Costs one index range per lane, so
   * what waits in other lanes costs nothing. Resolves when what made the jobs is durable: their effects may leave.
   */
  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<Job[]>
  /**
   * The lanes of these queues that have work due now, oldest first. Costs one index seek per lane with ready jobs, due or
   * not; where there are very many, a call looks at some and the next goes on from there.
   */
  lanes(queues: readonly JobQueueName[]): Promise<DueLane[]>
  extend(job: Job, leaseMs: number): Promise<void>
  /**
   * Marks that the final dot of this job's mail goes out now; `Job.dots` tells whoever claims it after a crash. A flush of
   * its own is not worth its time: it survives the end of the process, not of the machine. `lease-lost` when the job is
   * another's: then the dot must not go out.
   */
  beginDot(job: Job): Promise<void>
  complete(job: Job): Promise<void>
  /** Puts it back for `runAt` with the fault's words. */
  retry(job: Job, runAt: number, fault: string): Promise<void>
  /** No more tries; stays visible until an operator acts. What `alongside` writes stands with the job's end or not at all. */
  bury(job: Job, fault: string, alongside?: Alongside): Promise<void>
  /** Expired leases become ready, or dead after `maxCrashes`; returns the dead ones. `alongside` is done for each of them. */
  reap(maxCrashes: number, alongside?: Alongside): Promise<Job[]>
  /**
   * Called with the lanes for which this process made work that is due now, after it was committed and is durable. What
   * becomes due later and what other processes make is found by `lanes`; on PostgreSQL they say so as well, as a hint that may be lost. Returns an unsubscribe.
   */
  onWork(listener: (work: readonly Announced[]) => void): () => void
  /** Raises `store-unavailable` where nothing can be read or stored. Costs the same however long the queue is. */
  available(): Promise<void>
}
