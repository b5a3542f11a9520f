import type {
  AuditEvent,
  AuditRecord,
  CodeRecord,
  CopyRecord,
  DecisionInputRecord,
  GrantRecord,
  Job,
  JobRecord,
  JobSpec,
  KeyRecord,
  LinkFileRecord,
  MessageId,
  MessageRecord,
  PersonRecord,
  PolicyVersionRecord,
  PortalSessionRecord,
  TenantId,
} from '../../../shared/domain/index.ts'
import type { Announced, IdempotencyRecord, Purged, TenantReads, TenantWrites } from '../../ports/store.ts'
import { appendAudit } from './audit.ts'
import { insertCopy } from './copies.ts'
import type { Db, Unit } from './database.ts'
import { completeIdempotent, insertIdempotent } from './idempotency.ts'
import { completeJob, enqueue } from './jobs.ts'
import { deleteKey, keys, putKey } from './keys.ts'
import { insertGrant, insertLinkFile, revokeGrants } from './links.ts'
import { insertMessage, updateMessage } from './messages.ts'
import { dropJob, holdJob, releaseJob, retryJob } from './operator.ts'
import { putPerson } from './people.ts'
import { everyColumn } from './placeholders.ts'
import { insertPolicyVersion, putDecisionInput } from './policies.ts'
import { deletePortalSession, insertCode, putPortalSession, updateCode } from './portal.ts'
import { SqlReads } from './reads.ts'
import { updateRecipient } from './recipients.ts'
import type { Tables } from './tables.ts'
import type { TenantUnit, WholeRow, WriteContext } from './tenant.ts'
import { finishMessages, markErased, markGrantsErased, purge } from './tidy.ts'

/** The writes of one tenant inside one unit of work. */
export class SqlWrites extends SqlReads implements TenantWrites, TenantUnit {
  readonly unit: Unit
  readonly context: WriteContext
  readonly #work: Announced[] = []

  constructor(tenant: TenantId, context: WriteContext, unit: Unit) {
    super(tenant, context.engine, null)
    this.unit = unit
    this.context = context
  }

  override db(): Db {
    return this.unit.db
  }

  /** A unit is acknowledged after what it has read. */
  override async settled(): Promise<void> {}

  async once<T>(statement: PromiseLike<T>): Promise<T> {
    try {
      return await statement
    } catch (error) {
      throw this.engine.fault(error)
    }
  }

  async insert(name: WholeRow, row: Record<string, unknown>): Promise<void> {
    const table = this.engine.tables[name] as Tables['message']
    await this.run(`insert ${name}`, (db) => db.insert(table).values(everyColumn(table)).prepare(`insert ${name}`), row)
  }

  announce(jobs: readonly Pick<JobSpec, 'queue' | 'lane' | 'runAt'>[], how: Pick<Announced, 'probe'> = {}): void {
    const now = this.context.now()
    const due = jobs.filter(({ runAt }) => runAt <= now)
    if (due.length > 0 && this.#work.length === 0) this.unit.afterCommit(() => this.context.announce(this.#work))
    for (const { queue, lane } of due) this.#work.push({ queue, tenant: this.tenant, lane, ...how })
  }

  insertMessage(message: MessageRecord, recipients: readonly string[], content?: Uint8Array): Promise<void> {
    return insertMessage(this, message, recipients, content)
  }

  updateMessage(id: MessageId, patch: Parameters<TenantWrites['updateMessage']>[1]): Promise<void> {
    return updateMessage(this, id, patch)
  }

  updateRecipient(
    message: MessageId,
    address: string,
    patch: Parameters<TenantWrites['updateRecipient']>[2],
  ): Promise<boolean> {
    return updateRecipient(this, message, address, patch)
  }

  insertCopy(copy: CopyRecord): Promise<void> {
    return insertCopy(this, copy)
  }

  insertLinkFile(file: LinkFileRecord): Promise<void> {
    return insertLinkFile(this, file)
  }

  insertGrant(grant: GrantRecord): Promise<void> {
    return insertGrant(this, grant)
  }

  revokeGrants(message: MessageId, at: number): Promise<number> {
    return revokeGrants(this, message, at)
  }

  insertCode(code: CodeRecord): Promise<void> {
    return insertCode(this, code)
  }

  updateCode(id: string, patch: { attempts?: number; usedAt?: number }): Promise<boolean> {
    return updateCode(this, id, patch)
  }

  putPortalSession(session: PortalSessionRecord): Promise<void> {
    return putPortalSession(this, session)
  }

  deletePortalSession(tokenHash: string): Promise<void> {
    return deletePortalSession(this, tokenHash)
  }

  enqueue(jobs: readonly JobSpec[]): Promise<void> {
    return enqueue(this, jobs)
  }

  appendAudit(event: AuditEvent): Promise<AuditRecord> {
    return appendAudit(this, event)
  }

  insertIdempotent(record: IdempotencyRecord): Promise<boolean> {
    return insertIdempotent(this, record)
  }

  completeIdempotent(client: string, key: string, response: { status: number; body: string }): Promise<void> {
    return completeIdempotent(this, client, key, response)
  }

  /** A unit sees its own changes. */
  override keys(query: Parameters<TenantReads['keys']>[0]): Promise<KeyRecord[]> {
    return keys(this, query)
  }

  putKey(key: KeyRecord): Promise<void> {
    return putKey(this, key)
  }

  deleteKey(id: string): Promise<void> {
    return deleteKey(this, id)
  }

  putPerson(person: PersonRecord): Promise<void> {
    return putPerson(this, person)
  }

  completeJob(job: Job): Promise<void> {
    return completeJob(this, job)
  }

  finishMessages(query: Parameters<TenantWrites['finishMessages']>[0]): Promise<MessageId[]> {
    return finishMessages(this, query)
  }

  markErased(messages: readonly MessageId[], at: number): Promise<void> {
    return markErased(this, messages, at)
  }

  markGrantsErased(message: MessageId, endedBy: number, at: number): Promise<string[]> {
    return this.unprepared((db) => markGrantsErased(db, this.engine.tables, this.tenant, { message, endedBy, at }))
  }

  purge(what: Purged, by: number, limit: number): Promise<number> {
    return this.unprepared((db) => purge[what](db, this.engine.tables, this.tenant, by, limit))
  }

  insertPolicyVersion(version: PolicyVersionRecord): Promise<boolean> {
    return insertPolicyVersion(this, version)
  }

  putDecisionInput(record: DecisionInputRecord): Promise<void> {
    return putDecisionInput(this, record)
  }

  holdJob(id: string, why: string): Promise<JobRecord | null> {
    return holdJob(this, id, why)
  }

  releaseJob(id: string): Promise<JobRecord | null> {
    return releaseJob(this, id)
  }

  retryJob(id: string, again: Parameters<TenantWrites['retryJob']>[1]): Promise<JobRecord | null> {
    return retryJob(this, id, again)
  }

  dropJob(id: string, why: string): Promise<JobRecord | null> {
    return dropJob(this, id, why)
  }
}
