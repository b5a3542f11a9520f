import { hash as digestOf } from 'node:crypto'
import {
  type AuditEvent,
  type AuditRecord,
  auditText,
  CHAIN_START,
  type CodeRecord,
  type CopyRecord,
  type DecisionInputRecord,
  FINAL_STATES,
  type GrantRecord,
  type Job,
  type JobRecord,
  type JobSpec,
  type JobState,
  type KeyRecord,
  type LinkFileRecord,
  type MessageId,
  type MessageRecord,
  type PersonRecord,
  type PolicyVersionRecord,
  type PortalSessionRecord,
  type Receipt,
  type RecipientState,
  type TenantId,
} from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Announced, IdempotencyRecord, Purged, TenantWrites } from '../../ports/store.ts'
import { uuidv7 } from '../ids.ts'
import type { ChainHead, Db, Unit } from './database.ts'
import { orm } from './drizzle.ts'
import { stillHeld } from './fence.ts'
import { moveJob } from './operator.ts'
import { columnsOf, everyColumn } from './placeholders.ts'
import { insertPolicyVersion } from './policies.ts'
import { type Engine, SqlReads } from './reads.ts'
import type { Tables } from './tables.ts'
import { finishMessages, markGrantsErased, purge } from './tidy.ts'

const { and, desc, eq, inArray, isNull, lt, notInArray, sql } = orm

/** What writes need beside the engine. */
export interface WriteContext {
  readonly engine: Engine
  now(): number
  /** For what is due when and leased until when (`Clock.steady`). */
  steady(): number
  /** After a commit that made work for these lanes. */
  announce(work: readonly Announced[]): void
}

const $ = sql.placeholder

type MoveJob = [id: string, from: readonly JobState[], set: Partial<Tables['job']['$inferInsert']>]

/** The writes of one tenant inside one unit of work. */
export class SqlWrites extends SqlReads implements TenantWrites {
  readonly #unit: Unit
  readonly #context: WriteContext
  readonly #work: Announced[] = []

  constructor(tenant: TenantId, context: WriteContext, unit: Unit) {
    super(tenant, context.engine, null)
    this.#unit = unit
    this.#context = context
  }

  protected override db(): Db {
    return this.#unit.db
  }

  /** A unit is acknowledged after what it has read. */
  protected override async settled(): Promise<void> {}

  /** Awaits a statement that was built for this call alone. */
  async #once<T>(statement: PromiseLike<T>): Promise<T> {
    try {
      return await statement
    } catch (error) {
      throw this.engine.fault(error)
    }
  }

  async insertMessage(message: MessageRecord, recipients: readonly string[], content?: Uint8Array): Promise<void> {
    const { recipient } = this.engine.tables
    await this.#insert('message', { ...message, sender: message.envelope.mailFrom.toLowerCase(), erasedAt: null })
    if (content) {
      const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
      await this.#insert('content', { message: message.id, bytes })
    }
    for (const [position, address] of recipients.entries()) {
      await this.run(
        'insertRecipient',
        (db) =>
          db
            .insert(recipient)
            .values({
              tenant: $('tenant'),
              message: $('message'),
              address: $('address'),
              position: $('position'),
              state: 'pending',
              copy: null,
              detail: '',
              receipt: null,
              updatedAt: $('updatedAt'),
            })
            .onConflictDoNothing()
            .prepare('insertRecipient'),
        { message: message.id, address, position, updatedAt: message.acceptedAt },
      )
    }
  }

  async updateMessage(id: MessageId, patch: Partial<Pick<MessageRecord, 'state' | 'decision'>>): Promise<void> {
    const { message } = this.engine.tables
    const names = (['state', 'decision'] as const).filter((name) => patch[name] !== undefined)
    if (names.length === 0) return
    const name = `updateMessage ${names.join()}`
    await this.run(
      name,
      (db) =>
        db
          .update(message)
          .set(columnsOf(message, names))
          .where(and(eq(message.tenant, $('tenant')), eq(message.id, $('id'))))
          .prepare(name),
      { id, ...patch },
    )
  }

  async updateRecipient(
    message: MessageId,
    address: string,
    patch: { state?: RecipientState; copy?: string; detail?: string; receipt?: Receipt; at: number },
  ): Promise<boolean> {
    const { recipient } = this.engine.tables
    const names = (['state', 'copy', 'detail', 'receipt'] as const).filter((name) => patch[name] !== undefined)
    const name = `updateRecipient ${names.join()}`
    const moved = await this.run(
      name,
      (db) =>
        db
          .update(recipient)
          .set(columnsOf(recipient, [...names, 'updatedAt']))
          .where(
            and(
              eq(recipient.tenant, $('tenant')),
              eq(recipient.message, $('message')),
              eq(recipient.address, $('address')),
              notInArray(recipient.state, [...FINAL_STATES]),
              patch.copy === undefined ? undefined : isNull(recipient.copy),
            ),
          )
          .returning({ address: recipient.address })
          .prepare(name),
      { ...patch, message, address, updatedAt: patch.at },
    )
    return moved.length === 1
  }

  /** Inserts a whole row by a statement that is prepared once. */
  async #insert(
    name: 'message' | 'content' | 'copy' | 'linkFile' | 'grant' | 'code' | 'audit',
    row: Record<string, unknown>,
  ): Promise<void> {
    const table = this.engine.tables[name] as Tables['message']
    await this.run(`insert ${name}`, (db) => db.insert(table).values(everyColumn(table)).prepare(`insert ${name}`), row)
  }

  async insertCopy(copy: CopyRecord): Promise<void> {
    await this.#insert('copy', { ...copy })
  }

  async insertLinkFile(file: LinkFileRecord): Promise<void> {
    await this.#insert('linkFile', { ...file })
  }

  async insertGrant(grant: GrantRecord): Promise<void> {
    await this.#insert('grant', { ...grant, contentBlob: grant.content?.blob ?? null, erasedAt: null })
  }

  async revokeGrants(message: MessageId, at: number): Promise<number> {
    const { grant } = this.engine.tables
    const revoked = await this.#once(
      this.db()
        .update(grant)
        .set({ revokedAt: at })
        .where(and(eq(grant.tenant, this.tenant), eq(grant.message, message), isNull(grant.revokedAt)))
        .returning({ id: grant.id }),
    )
    return revoked.length
  }

  async insertCode(code: CodeRecord): Promise<void> {
    await this.#insert('code', { ...code })
  }

  /** An attempt counts only from a lower number, so two guesses at once cannot pass as one. */
  async updateCode(id: string, patch: { attempts?: number; usedAt?: number }): Promise<boolean> {
    const { code } = this.engine.tables
    if (patch.attempts === undefined && patch.usedAt === undefined) return false
    const changed = await this.#once(
      this.db()
        .update(code)
        .set(patch)
        .where(
          and(
            eq(code.tenant, this.tenant),
            eq(code.id, id),
            isNull(code.usedAt),
            patch.attempts === undefined ? undefined : lt(code.attempts, patch.attempts),
          ),
        )
        .returning({ id: code.id }),
    )
    return changed.length === 1
  }

  async putPortalSession(session: PortalSessionRecord): Promise<void> {
    const { portalSession } = this.engine.tables
    const { tokenHash: _, ...changed } = session
    await this.#once(
      this.db()
        .insert(portalSession)
        .values({ ...session, tenant: this.tenant })
        .onConflictDoUpdate({ target: [portalSession.tenant, portalSession.tokenHash], set: changed }),
    )
  }

  async deletePortalSession(tokenHash: string): Promise<void> {
    const { portalSession } = this.engine.tables
    await this.#once(
      this.db()
        .delete(portalSession)
        .where(and(eq(portalSession.tenant, this.tenant), eq(portalSession.tokenHash, tokenHash))),
    )
  }

  async enqueue(jobs: readonly JobSpec[]): Promise<void> {
    const { job } = this.engine.tables
    const now = this.#context.now()
    for (const spec of jobs) {
      await this.run(
        'enqueue',
        (db) =>
          db
            .insert(job)
            .values({
              tenant: $('tenant'),
              id: $('id'),
              queue: $('queue'),
              message: $('message'),
              lane: $('lane'),
              step: $('step'),
              payload: $('payload'),
              state: 'ready',
              attempt: 0,
              crashes: 0,
              runAt: this.engine.dialect.time($('now'), $('delay')),
              leaseUntil: null,
              leaseToken: null,
              lastFault: '',
              createdAt: $('createdAt'),
            })
            .onConflictDoNothing({ target: [job.tenant, job.message, job.queue, job.lane, job.step] })
            .prepare('enqueue'),
        {
          id: uuidv7(now),
          queue: spec.queue,
          message: spec.message ?? '',
          lane: spec.lane,
          step: spec.step,
          payload: spec.payload ?? null,
          now: this.#context.steady(),
          delay: spec.runAt - now,
          createdAt: now,
        },
      )
    }
    this.#announce(jobs)
  }

  /** Says after the commit which lanes have work that is due. */
  #announce(jobs: readonly Pick<JobSpec, 'queue' | 'lane' | 'runAt'>[], how: Pick<Announced, 'probe'> = {}): void {
    const now = this.#context.now()
    const due = jobs.filter(({ runAt }) => runAt <= now)
    if (due.length > 0 && this.#work.length === 0) this.#unit.afterCommit(() => this.#context.announce(this.#work))
    for (const { queue, lane } of due) this.#work.push({ queue, tenant: this.tenant, lane, ...how })
  }

  /** The newest record of the chain: what this writer appended last, or what the table says. */
  async #chainHead(): Promise<ChainHead | null> {
    const known = this.#unit.heads?.get(this.tenant)
    if (known) return known
    const { audit } = this.engine.tables
    await this.engine.dialect.turn(this.#unit, 'audit', this.tenant)
    const [last] = await this.run(
      'auditHead',
      (db) =>
        db
          .select({ seq: audit.seq, hash: audit.hash })
          .from(audit)
          .where(eq(audit.tenant, $('tenant')))
          .orderBy(desc(audit.seq))
          .limit(1)
          .prepare('auditHead'),
      {},
    )
    return last ?? null
  }

  async appendAudit(event: AuditEvent): Promise<AuditRecord> {
    const last = await this.#chainHead()
    const text = auditText(event)
    const seq = (last?.seq ?? 0) + 1
    const hash = digestOf('sha256', (last?.hash ?? CHAIN_START) + text)
    await this.#insert('audit', { seq, message: event.message ?? '', text, hash })
    this.#unit.heads?.set(this.tenant, { seq, hash })
    return { ...event, seq, hash }
  }

  async insertIdempotent(record: IdempotencyRecord): Promise<boolean> {
    const { idempotency } = this.engine.tables
    const inserted = await this.#once(
      this.db()
        .insert(idempotency)
        .values({ ...record, tenant: this.tenant })
        .onConflictDoNothing()
        .returning({ key: idempotency.key }),
    )
    return inserted.length === 1
  }

  async completeIdempotent(client: string, key: string, response: { status: number; body: string }): Promise<void> {
    const { idempotency } = this.engine.tables
    await this.#once(
      this.db()
        .update(idempotency)
        .set({ response })
        .where(and(eq(idempotency.tenant, this.tenant), eq(idempotency.client, client), eq(idempotency.key, key))),
    )
  }

  async putKey(key: KeyRecord): Promise<void> {
    const { key: table } = this.engine.tables
    const { id, sealedPrivate, capabilities = null, ...rest } = key
    const changed = { ...rest, capabilities, sealedPrivate: sealedPrivate === null ? null : Buffer.from(sealedPrivate) }
    await this.#once(
      this.db()
        .insert(table)
        .values({ id, ...changed, tenant: this.tenant })
        .onConflictDoUpdate({ target: [table.tenant, table.id], set: changed }),
    )
  }

  async deleteKey(id: string): Promise<void> {
    const { key } = this.engine.tables
    await this.#once(
      this.db()
        .delete(key)
        .where(and(eq(key.tenant, this.tenant), eq(key.id, id))),
    )
  }

  async putPerson(person: PersonRecord): Promise<void> {
    const { person: table } = this.engine.tables
    const { address, ...changed } = person
    await this.#once(
      this.db()
        .insert(table)
        .values({ address, ...changed, tenant: this.tenant })
        .onConflictDoUpdate({ target: [table.tenant, table.address], set: changed }),
    )
  }

  async insertPolicyVersion(version: PolicyVersionRecord): Promise<boolean> {
    await this.engine.dialect.turn(this.#unit, 'policy', this.tenant)
    return this.tidying((db) => insertPolicyVersion(db, this.engine.tables, this.tenant, version))
  }

  async putDecisionInput(record: DecisionInputRecord): Promise<void> {
    const { decisionInput: table } = this.engine.tables
    const { message, ...changed } = record
    await this.run(
      'putDecisionInput',
      (db) =>
        db
          .insert(table)
          .values({
            tenant: $('tenant'),
            message: $('message'),
            at: $('at'),
            input: $('input'),
            redacted: $('redacted'),
            rules: $('rules'),
          })
          .onConflictDoUpdate({
            target: [table.tenant, table.message],
            set: {
              at: sql`excluded.at`,
              input: sql`excluded.input`,
              redacted: sql`excluded.redacted`,
              rules: sql`excluded.rules`,
            },
          })
          .prepare('putDecisionInput'),
      { message, ...changed },
    )
  }

  async completeJob(job: Job): Promise<void> {
    const { job: table } = this.engine.tables
    const done = await this.run(
      'completeJob',
      (db) =>
        db
          .update(table)
          .set({ state: 'done', leaseUntil: null, leaseToken: null })
          .where(stillHeld(table, { tenant: $('tenant'), id: $('id'), leaseToken: $('leaseToken') }))
          .returning({ id: table.id })
          .prepare('completeJob'),
      { id: job.id, leaseToken: job.leaseToken },
    )
    if (done.length === 0) throw new Fault('lease-lost', `job ${job.id}`)
  }

  holdJob(id: string, why: string): Promise<JobRecord | null> {
    return this.#moveJob([id, ['ready'], { state: 'held', lastFault: why }])
  }

  releaseJob(id: string): Promise<JobRecord | null> {
    return this.#moveJob([id, ['held'], { state: 'ready' }])
  }

  retryJob(id: string, { runAt, payload }: { runAt: number; payload: unknown }): Promise<JobRecord | null> {
    const slate = { attempt: 0, crashes: 0, dots: 0 }
    const anew: MoveJob = [id, ['ready', 'held', 'dead'], { state: 'ready', runAt, payload, ...slate }]
    return this.#moveJob(anew, { probe: true })
  }

  dropJob(id: string, why: string): Promise<JobRecord | null> {
    return this.#moveJob([id, ['ready', 'held', 'dead'], { state: 'done', lastFault: why }])
  }

  async #moveJob([id, from, set]: MoveJob, how?: Pick<Announced, 'probe'>): Promise<JobRecord | null> {
    const moved = await this.tidying((db) => moveJob(db, this.engine.tables, this.tenant, id, from, set))
    if (moved?.state === 'ready') this.#announce([moved], how)
    return moved
  }

  finishMessages(query: Parameters<TenantWrites['finishMessages']>[0]): Promise<MessageId[]> {
    return this.tidying((db) => finishMessages(db, this.engine.tables, this.tenant, query))
  }

  async markErased(messages: readonly MessageId[], at: number): Promise<void> {
    const { message: table, content, copy } = this.engine.tables
    await this.#once(
      this.db()
        .delete(content)
        .where(and(eq(content.tenant, this.tenant), inArray(content.message, [...messages]))),
    )
    await this.#once(
      this.db()
        .update(copy)
        .set({ head: null })
        .where(and(eq(copy.tenant, this.tenant), inArray(copy.message, [...messages]))),
    )
    await this.#once(
      this.db()
        .update(table)
        .set({ erasedAt: at })
        .where(and(eq(table.tenant, this.tenant), inArray(table.id, [...messages]))),
    )
  }

  markGrantsErased(message: MessageId, endedBy: number, at: number): Promise<string[]> {
    return this.tidying((db) => markGrantsErased(db, this.engine.tables, this.tenant, { message, endedBy, at }))
  }

  purge(what: Purged, by: number, limit: number): Promise<number> {
    return this.tidying((db) => purge[what](db, this.engine.tables, this.tenant, by, limit))
  }
}
