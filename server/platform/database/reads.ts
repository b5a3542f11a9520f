import type { SQL } from 'drizzle-orm'
import type {
  AuditRecord,
  CodeRecord,
  CopyRecord,
  DecisionInputRecord,
  GrantRecord,
  JobRecord,
  KeyRecord,
  LinkFileRecord,
  MessageId,
  MessageRecord,
  PersonRecord,
  PolicyVersionRecord,
  PortalSessionRecord,
  ReceivedMessage,
  RecipientRecord,
  TenantId,
} from '../../../shared/domain/index.ts'
import type {
  IdempotencyRecord,
  JobCount,
  JobQuery,
  PolicyReads,
  PolicyVersionSummary,
  TenantReads,
  Unerased,
} from '../../ports/store.ts'
import type { Database, Db, Statements } from './database.ts'
import type { Dialect } from './dialect.ts'
import { orm } from './drizzle.ts'
import { jobById, jobCounts, jobsOf, waiting } from './operator.ts'
import { unplanned } from './placeholders.ts'
import { decisionInputs, policyVersionOf, policyVersions } from './policies.ts'
import { auditRecord, grantRecord, keyRecord, messageRecord, receivedMessage, record } from './rows.ts'
import type { Tables } from './tables.ts'
import { copyBlobs, messagesWithEndedGrants, unerased } from './tidy.ts'

const { and, asc, desc, eq, gt, inArray, isNull, lt, sql } = orm

/** What reads and writes of one engine share. */
export interface Engine {
  readonly tables: Tables
  readonly dialect: Dialect
  readonly statements: Statements
  fault(error: unknown): unknown
  /** See `Database.settled`. */
  settled?(): Promise<void>
}

const $ = sql.placeholder

/** The reads of one tenant, on the reading connection or inside a unit of work. Every statement names the tenant. */
export class SqlReads implements TenantReads {
  protected readonly tenant: TenantId
  protected readonly engine: Engine

  constructor(tenant: TenantId, engine: Engine, on: Pick<Database, 'read' | 'quick'> | null) {
    this.tenant = tenant
    this.engine = engine
    this.#on = on
  }

  readonly #on: Pick<Database, 'read' | 'quick'> | null

  /** Where the statements run; a unit of work overrides it. */
  protected db(): Db {
    return this.#on!.read
  }

  /** Where a prepared statement runs that is executed at once. */
  protected quick(): Db {
    return this.#on?.quick?.() ?? this.db()
  }

  /** Waits until what was read is on disk, where something irrevocable is done or said on the strength of it. */
  protected async settled(): Promise<void> {
    await this.engine.settled?.()
  }

  /** Runs a prepared statement with the tenant bound. */
  protected async run<T>(
    name: string,
    build: (db: Db) => { execute(values?: Record<string, unknown>): Promise<T> },
    values: Record<string, unknown>,
  ): Promise<T> {
    try {
      values.tenant = this.tenant
      return await this.engine.statements.get(this.quick(), name, build).execute(values)
    } catch (error) {
      throw this.engine.fault(error)
    }
  }

  async message(id: MessageId): Promise<MessageRecord | null> {
    const { message } = this.engine.tables
    const rows = await this.run(
      'message',
      (db) =>
        db
          .select()
          .from(message)
          .where(and(eq(message.tenant, $('tenant')), eq(message.id, $('id'))))
          .prepare('message'),
      { id },
    )
    return rows[0] ? messageRecord(rows[0]) : null
  }

  async content(message: MessageId): Promise<Uint8Array | null> {
    const { content } = this.engine.tables
    const [row] = await this.run(
      'content',
      (db) =>
        db
          .select({ bytes: content.bytes })
          .from(content)
          .where(and(eq(content.tenant, $('tenant')), eq(content.message, $('message'))))
          .prepare('content'),
      { message },
    )
    return row?.bytes ?? null
  }

  async hasContent(message: MessageId): Promise<boolean> {
    const { content } = this.engine.tables
    const rows = await this.run(
      'hasContent',
      (db) =>
        db
          .select({ message: content.message })
          .from(content)
          .where(and(eq(content.tenant, $('tenant')), eq(content.message, $('message'))))
          .prepare('hasContent'),
      { message },
    )
    return rows.length > 0
  }

  async messages(query: { limit: number; before?: MessageId; sender?: string }): Promise<MessageRecord[]> {
    const { message } = this.engine.tables
    const filter: SQL[] = [eq(message.tenant, $('tenant'))]
    if (query.before !== undefined) filter.push(lt(message.id, $('before')))
    if (query.sender !== undefined) filter.push(eq(message.sender, $('sender')))
    const name = `messages ${query.before !== undefined} ${query.sender !== undefined}`
    const rows = await this.run(
      name,
      (db) =>
        db
          .select()
          .from(message)
          .where(and(...filter))
          .orderBy(desc(message.id))
          .limit($('limit'))
          .prepare(name),
      { before: query.before, sender: query.sender?.toLowerCase(), limit: query.limit },
    )
    return rows.map(messageRecord)
  }

  async recipients(message: MessageId): Promise<RecipientRecord[]> {
    const { recipient } = this.engine.tables
    const rows = await this.run(
      'recipients',
      (db) =>
        db
          .select()
          .from(recipient)
          .where(and(eq(recipient.tenant, $('tenant')), eq(recipient.message, $('message'))))
          .prepare('recipients'),
      { message },
    )
    // Put in order here: a sort in the database costs more than the search.
    rows.sort((a, b) => a.position - b.position)
    return rows.map((row) => {
      const { position: _, ...rest } = record(row)
      return rest as RecipientRecord
    })
  }

  async copies(message: MessageId): Promise<CopyRecord[]> {
    const { copy } = this.engine.tables
    const rows = await this.run(
      'copies',
      (db) =>
        db
          .select()
          .from(copy)
          .where(and(eq(copy.tenant, $('tenant')), eq(copy.message, $('message'))))
          .orderBy(asc(copy.id))
          .prepare('copies'),
      { message },
    )
    return rows.map((row) => record(row) as CopyRecord)
  }

  async copy(id: string): Promise<CopyRecord | null> {
    const { copy } = this.engine.tables
    const rows = await this.run(
      'copy',
      (db) =>
        db
          .select()
          .from(copy)
          .where(and(eq(copy.tenant, $('tenant')), eq(copy.id, $('id'))))
          .prepare('copy'),
      { id },
    )
    return rows[0] ? (record(rows[0]) as CopyRecord) : null
  }

  async copyToSend(id: string): Promise<{ copy: CopyRecord; message: ReceivedMessage } | null> {
    const { copy, message } = this.engine.tables
    const { decision: _, ...received } = orm.getTableColumns(message)
    const [row] = await this.run(
      'copyToSend',
      (db) =>
        db
          .select({ copy, message: received })
          .from(copy)
          .innerJoin(message, and(eq(message.tenant, copy.tenant), eq(message.id, copy.message)))
          .where(and(eq(copy.tenant, unplanned('tenant')), eq(copy.id, unplanned('id'))))
          .prepare('copyToSend'),
      { id },
    )
    return row ? { copy: record(row.copy) as CopyRecord, message: receivedMessage(row.message) } : null
  }

  async linkFiles(message: MessageId): Promise<LinkFileRecord[]> {
    const { linkFile } = this.engine.tables
    const rows = await this.run(
      'linkFiles',
      (db) =>
        db
          .select()
          .from(linkFile)
          .where(and(eq(linkFile.tenant, $('tenant')), eq(linkFile.message, $('message'))))
          .orderBy(asc(linkFile.id))
          .prepare('linkFiles'),
      { message },
    )
    return rows.map((row) => record(row) as LinkFileRecord)
  }

  async linkFile(id: string): Promise<LinkFileRecord | null> {
    const { linkFile } = this.engine.tables
    const rows = await this.run(
      'linkFile',
      (db) =>
        db
          .select()
          .from(linkFile)
          .where(and(eq(linkFile.tenant, $('tenant')), eq(linkFile.id, $('id'))))
          .prepare('linkFile'),
      { id },
    )
    return rows[0] ? (record(rows[0]) as LinkFileRecord) : null
  }

  async grantByToken(tokenHash: string): Promise<GrantRecord | null> {
    const { grant } = this.engine.tables
    const rows = await this.run(
      'grantByToken',
      (db) =>
        db
          .select()
          .from(grant)
          .where(and(eq(grant.tenant, $('tenant')), eq(grant.tokenHash, $('tokenHash'))))
          .prepare('grantByToken'),
      { tokenHash },
    )
    return rows[0] ? grantRecord(rows[0]) : null
  }

  async grant(id: string): Promise<GrantRecord | null> {
    const { grant } = this.engine.tables
    const rows = await this.run(
      'grant',
      (db) =>
        db
          .select()
          .from(grant)
          .where(and(eq(grant.tenant, $('tenant')), eq(grant.id, $('id'))))
          .prepare('grant'),
      { id },
    )
    return rows[0] ? grantRecord(rows[0]) : null
  }

  async grantOfContent(blob: string): Promise<GrantRecord | null> {
    const { grant } = this.engine.tables
    const rows = await this.run(
      'grantOfContent',
      (db) =>
        db
          .select()
          .from(grant)
          .where(and(eq(grant.tenant, $('tenant')), eq(grant.contentBlob, $('blob'))))
          .limit(1)
          .prepare('grantOfContent'),
      { blob },
    )
    return rows[0] ? grantRecord(rows[0]) : null
  }

  async grants(message: MessageId): Promise<GrantRecord[]> {
    const { grant } = this.engine.tables
    const rows = await this.run(
      'grants',
      (db) =>
        db
          .select()
          .from(grant)
          .where(and(eq(grant.tenant, $('tenant')), eq(grant.message, $('message'))))
          .orderBy(asc(grant.id))
          .prepare('grants'),
      { message },
    )
    return rows.map(grantRecord)
  }

  async code(grant: string, channel: CodeRecord['channel']): Promise<CodeRecord | null> {
    const { code } = this.engine.tables
    const rows = await this.run(
      'code',
      (db) =>
        db
          .select()
          .from(code)
          .where(
            and(
              eq(code.tenant, $('tenant')),
              eq(code.grant, $('grant')),
              eq(code.channel, $('channel')),
              isNull(code.usedAt),
            ),
          )
          .orderBy(desc(code.expiresAt), desc(code.id))
          .limit(1)
          .prepare('code'),
      { grant, channel },
    )
    return rows[0] ? record(rows[0]) : null
  }

  async portalSession(tokenHash: string): Promise<PortalSessionRecord | null> {
    const { portalSession } = this.engine.tables
    const rows = await this.run(
      'portalSession',
      (db) =>
        db
          .select()
          .from(portalSession)
          .where(and(eq(portalSession.tenant, $('tenant')), eq(portalSession.tokenHash, $('tokenHash'))))
          .prepare('portalSession'),
      { tokenHash },
    )
    return rows[0] ? record(rows[0]) : null
  }

  async audit(query: { message?: MessageId; afterSeq?: number; limit: number }): Promise<AuditRecord[]> {
    const { audit } = this.engine.tables
    const filter: SQL[] = [eq(audit.tenant, $('tenant')), gt(audit.seq, $('afterSeq'))]
    if (query.message !== undefined) filter.push(eq(audit.message, $('message')))
    const name = `audit ${query.message !== undefined}`
    const rows = await this.run(
      name,
      (db) =>
        db
          .select()
          .from(audit)
          .where(and(...filter))
          .orderBy(asc(audit.seq))
          .limit($('limit'))
          .prepare(name),
      { message: query.message, afterSeq: query.afterSeq ?? 0, limit: query.limit },
    )
    return rows.map(auditRecord)
  }

  async idempotent(client: string, key: string): Promise<IdempotencyRecord | null> {
    const { idempotency } = this.engine.tables
    const rows = await this.run(
      'idempotent',
      (db) =>
        db
          .select()
          .from(idempotency)
          .where(
            and(
              eq(idempotency.tenant, $('tenant')),
              eq(idempotency.client, $('client')),
              eq(idempotency.key, $('key')),
            ),
          )
          .prepare('idempotent'),
      { client, key },
    )
    // Its answer is repeated to the client: an acknowledgement.
    if (rows[0]) await this.settled()
    return rows[0] ? record(rows[0]) : null
  }

  async keys(query: Parameters<TenantReads['keys']>[0]): Promise<KeyRecord[]> {
    const { key } = this.engine.tables
    const filter: SQL[] = [eq(key.tenant, unplanned('tenant'))]
    if (query.id !== undefined) filter.push(eq(key.id, unplanned('id')))
    if (query.kind !== undefined) filter.push(eq(key.kind, unplanned('kind')))
    if (query.use !== undefined) filter.push(eq(key.use, unplanned('use')))
    if (query.address !== undefined) filter.push(eq(key.address, unplanned('address')))
    const name = `keys ${query.id !== undefined} ${query.kind !== undefined} ${query.use !== undefined} ${query.address !== undefined}`
    const rows = await this.run(
      name,
      (db) =>
        db
          .select()
          .from(key)
          .where(and(...filter))
          .orderBy(asc(key.id))
          .prepare(name),
      { ...query },
    )
    return rows.map(keyRecord)
  }

  async person(address: string): Promise<PersonRecord | null> {
    const { person } = this.engine.tables
    const rows = await this.run(
      'person',
      (db) =>
        db
          .select()
          .from(person)
          .where(and(eq(person.tenant, $('tenant')), eq(person.address, $('address'))))
          .prepare('person'),
      { address },
    )
    return rows[0] ? record(rows[0]) : null
  }

  async peopleWithRole(role: string): Promise<PersonRecord[]> {
    const { person } = this.engine.tables
    const rows = await this.run(
      'peopleWithRole',
      (db) =>
        db
          .select()
          .from(person)
          .where(and(eq(person.tenant, $('tenant')), eq(person.role, $('role'))))
          .orderBy(asc(person.address))
          .prepare('peopleWithRole'),
      { role },
    )
    return rows.map(record)
  }

  async messagesCalled(rfcMessageIds: readonly string[]): Promise<MessageRecord[]> {
    if (rfcMessageIds.length === 0) return []
    const { message } = this.engine.tables
    const rows = await this.tidying((db) =>
      db
        .select()
        .from(message)
        .where(and(eq(message.tenant, this.tenant), inArray(message.rfcMessageId, [...rfcMessageIds])))
        // The oldest first: later mails that took over a Message-ID cannot push the original out.
        .orderBy(asc(message.id))
        .limit(100),
    )
    return rows.map(messageRecord)
  }

  /** Their content is deleted next. */
  async unerased(limit: number): Promise<Unerased[]> {
    const rows = await this.tidying((db) => unerased(db, this.engine.tables, this.tenant, limit))
    if (rows.length > 0) await this.settled()
    return rows.map(({ id, blob, row }) => ({ id: id as MessageId, blob, inRow: row !== null }))
  }

  async copyBlobs(messages: readonly MessageId[]): Promise<Pick<CopyRecord, 'message' | 'blob'>[]> {
    const rows = await this.tidying((db) => copyBlobs(db, this.engine.tables, this.tenant, messages))
    return rows as Pick<CopyRecord, 'message' | 'blob'>[]
  }

  /** What only these led to is deleted next. */
  async messagesWithEndedGrants(endedBy: number, limit: number): Promise<MessageId[]> {
    const ids = await this.tidying((db) => messagesWithEndedGrants(db, this.engine.tables, this.tenant, endedBy, limit))
    if (ids.length > 0) await this.settled()
    return ids
  }

  jobs(query: JobQuery): Promise<JobRecord[]> {
    return this.tidying((db) => jobsOf(db, this.engine.tables, this.tenant, query))
  }

  job(id: string): Promise<JobRecord | null> {
    return this.tidying((db) => jobById(db, this.engine.tables, this.tenant, id))
  }

  jobCounts(): Promise<JobCount[]> {
    return this.tidying((db) => jobCounts(db, this.engine.tables, this.tenant))
  }

  waiting(query: { limit: number; after?: MessageId }): Promise<RecipientRecord[]> {
    return this.tidying((db) => waiting(db, this.engine.tables, this.tenant, query))
  }

  policyVersions(query: Parameters<PolicyReads['policyVersions']>[0]): Promise<PolicyVersionSummary[]> {
    return this.tidying((db) => policyVersions(db, this.engine.tables, this.tenant, query))
  }

  policyVersion(serial?: number): Promise<PolicyVersionRecord | null> {
    return this.tidying((db) => policyVersionOf(db, this.engine.tables, this.tenant, serial))
  }

  decisionInputs(query: Parameters<PolicyReads['decisionInputs']>[0]): Promise<DecisionInputRecord[]> {
    return this.tidying((db) => decisionInputs(db, this.engine.tables, this.tenant, query))
  }

  /** Runs statements that are built for each call (`tidy.ts`, `policies.ts`). */
  protected async tidying<T>(work: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await work(this.db())
    } catch (error) {
      throw this.engine.fault(error)
    }
  }
}
