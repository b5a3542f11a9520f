import type {
  CodeRecord,
  Decision,
  Envelope,
  GrantRecord,
  JobQueueName,
  JobState,
  KeyRecord,
  MessageState,
  Origin,
  PersonRecord,
  PolicyInput,
  PortalSessionRecord,
  Receipt,
  RecipientState,
  Step,
} from '../../../shared/domain/index.ts'
import type { columns as pgColumns } from './columns.pg.ts'
import { orm } from './drizzle.ts'

const { sql } = orm

export type Columns = typeof pgColumns

/**
 * Every table, once, for both engines. The tenant stands first in each primary key, index and foreign key, so that no
 * row can belong to or point at another tenant's. The one exception is `job_lane`: workers serve all tenants.
 * Times are epoch milliseconds from the clock port, ids are made in the app.
 */
export function defineTables(c: Columns) {
  const message = c.table(
    'message',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      state: c.text('state').$type<MessageState>().notNull(),
      /** `envelope.mailFrom` in lower case, to find a sender's messages. */
      sender: c.text('sender').notNull(),
      envelope: c.json<Envelope>('envelope').notNull(),
      origin: c.json<Origin>('origin').notNull(),
      blob: c.text('blob').notNull(),
      size: c.int('size').notNull(),
      digest: c.text('digest').notNull(),
      rfcMessageId: c.text('rfc_message_id').notNull(),
      subject: c.text('subject').notNull(),
      acceptedAt: c.int('accepted_at').notNull(),
      decision: c.json<Decision | null>('decision'),
      /** When its spool and copy blobs were deleted. */
      erasedAt: c.int('erased_at'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('message_sender').on(t.tenant, t.sender, t.id),
      c.index('message_called').on(t.tenant, t.rfcMessageId),
      c.index('message_kept').on(t.tenant, t.state, t.id).where(sql`erased_at is null`),
    ],
  )

  /** Small messages as received: what is short needs no file of its own and no flush beside its row's (0044). */
  const content = c.table(
    'message_content',
    {
      tenant: c.text('tenant').notNull(),
      message: c.text('message').notNull(),
      bytes: c.bytes('bytes').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.message] }),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const recipient = c.table(
    'recipient',
    {
      tenant: c.text('tenant').notNull(),
      message: c.text('message').notNull(),
      address: c.text('address').notNull(),
      position: c.int('position').notNull(),
      state: c.text('state').$type<RecipientState>().notNull(),
      copy: c.text('copy'),
      detail: c.text('detail').notNull(),
      receipt: c.json<Receipt | null>('receipt'),
      updatedAt: c.int('updated_at').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.message, t.address] }),
      c.index('recipient_waits').on(t.tenant, t.message, t.state).where(sql`state in ('held', 'quarantined')`),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const copy = c.table(
    'copy',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      message: c.text('message').notNull(),
      recipients: c.json<readonly string[]>('recipients').notNull(),
      steps: c.json<readonly Step[]>('steps').notNull(),
      blob: c.text('blob').notNull(),
      size: c.int('size').notNull(),
      route: c.text('route').notNull(),
      mailFrom: c.text('mail_from').notNull(),
      createdAt: c.int('created_at').notNull(),
      head: c.bytes('head'),
      bodyStart: c.int('body_start'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('copy_message').on(t.tenant, t.message, t.id),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const linkFile = c.table(
    'link_file',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      message: c.text('message').notNull(),
      name: c.text('name').notNull(),
      mediaType: c.text('media_type').notNull(),
      size: c.int('size').notNull(),
      sha256: c.text('sha256').notNull(),
      blob: c.text('blob').notNull(),
      wrappedKey: c.text('wrapped_key').notNull(),
      createdAt: c.int('created_at').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('link_file_message').on(t.tenant, t.message, t.id),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const grant = c.table(
    'access_grant',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      tokenHash: c.text('token_hash').notNull(),
      message: c.text('message').notNull(),
      recipient: c.text('recipient').notNull(),
      kind: c.text('kind').$type<GrantRecord['kind']>().notNull(),
      access: c.text('access').notNull(),
      files: c.json<readonly string[]>('files').notNull(),
      content: c.json<GrantRecord['content']>('content'),
      reply: c.flag('reply').notNull(),
      receipt: c.flag('receipt').notNull(),
      phone: c.text('phone'),
      expiresAt: c.int('expires_at').notNull(),
      revokedAt: c.int('revoked_at'),
      createdAt: c.int('created_at').notNull(),
      /** When what only ended grants led to was deleted. */
      erasedAt: c.int('erased_at'),
      /** The blob that `content` names. */
      contentBlob: c.text('content_blob'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.uniqueIndex('access_grant_token').on(t.tenant, t.tokenHash),
      c.index('access_grant_message').on(t.tenant, t.message, t.id),
      c.index('access_grant_content').on(t.tenant, t.contentBlob).where(sql`content_blob is not null`),
      c.index('access_grant_expiry').on(t.tenant, t.expiresAt).where(sql`erased_at is null`),
      c
        .index('access_grant_revoked')
        .on(t.tenant, t.revokedAt)
        .where(sql`erased_at is null and revoked_at is not null`),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const code = c.table(
    'one_time_code',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      grant: c.text('access_grant').notNull(),
      channel: c.text('channel').$type<CodeRecord['channel']>().notNull(),
      codeHash: c.text('code_hash').notNull(),
      expiresAt: c.int('expires_at').notNull(),
      attempts: c.int('attempts').notNull(),
      usedAt: c.int('used_at'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('one_time_code_grant').on(t.tenant, t.grant, t.channel, t.expiresAt),
      c.index('one_time_code_expiry').on(t.tenant, t.expiresAt),
      c.foreignKey({ columns: [t.tenant, t.grant], foreignColumns: [grant.tenant, grant.id] }).onDelete('cascade'),
    ],
  )

  const portalSession = c.table(
    'portal_session',
    {
      tenant: c.text('tenant').notNull(),
      tokenHash: c.text('token_hash').notNull(),
      grant: c.text('access_grant').notNull(),
      factors: c.json<PortalSessionRecord['factors']>('factors').notNull(),
      expiresAt: c.int('expires_at').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.tokenHash] }),
      c.index('portal_session_grant').on(t.tenant, t.grant),
      c.index('portal_session_expiry').on(t.tenant, t.expiresAt),
      c.foreignKey({ columns: [t.tenant, t.grant], foreignColumns: [grant.tenant, grant.id] }).onDelete('cascade'),
    ],
  )

  /** No foreign key to the message: the log outlives it. */
  const audit = c.table(
    'audit',
    {
      tenant: c.text('tenant').notNull(),
      seq: c.int('seq').notNull(),
      /** '' where the event concerns no message. */
      message: c.text('message').notNull(),
      /** Canonical JSON of the event, exactly as hashed: never rebuilt from columns. */
      text: c.text('text').notNull(),
      hash: c.text('hash').notNull(),
    },
    (t) => [c.primaryKey({ columns: [t.tenant, t.seq] }), c.index('audit_message').on(t.tenant, t.message, t.seq)],
  )

  const job = c.table(
    'job',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      queue: c.text('queue').$type<JobQueueName>().notNull(),
      /** '' where the job concerns no message: null would be distinct from null in `job_once`. */
      message: c.text('message').notNull(),
      lane: c.text('lane').notNull(),
      step: c.text('step').notNull(),
      payload: c.json<unknown>('payload'),
      state: c.text('state').$type<JobState>().notNull(),
      /** Claims so far. */
      attempt: c.int('attempt').notNull(),
      /** Leases that ran out since the last orderly end of an attempt. */
      crashes: c.int('crashes').notNull(),
      runAt: c.int('run_at').notNull(),
      leaseUntil: c.int('lease_until'),
      leaseToken: c.text('lease_token'),
      lastFault: c.text('last_fault').notNull(),
      createdAt: c.int('created_at').notNull(),
      /** Attempts that got as far as the final dot, the present one included. */
      dots: c.int('dots').notNull().default(0),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.uniqueIndex('job_once').on(t.tenant, t.message, t.queue, t.lane, t.step),
      c.index('job_lane').on(t.state, t.queue, t.tenant, t.lane, t.runAt, t.id).where(sql`state <> 'done'`),
      c.index('job_ended').on(t.tenant, t.createdAt).where(sql`state in ('done', 'dead')`),
    ],
  )

  const idempotency = c.table(
    'idempotency',
    {
      tenant: c.text('tenant').notNull(),
      client: c.text('client').notNull(),
      key: c.text('key').notNull(),
      bodyHash: c.text('body_hash').notNull(),
      response: c.json<{ status: number; body: string } | null>('response'),
      createdAt: c.int('created_at').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.client, t.key] }),
      c.index('idempotency_age').on(t.tenant, t.createdAt),
    ],
  )

  const key = c.table(
    'key_material',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      kind: c.text('kind').$type<KeyRecord['kind']>().notNull(),
      use: c.text('use').$type<KeyRecord['use']>().notNull(),
      address: c.text('address').notNull(),
      publicText: c.text('public_text').notNull(),
      sealedPrivate: c.bytes('sealed_private'),
      revokedAt: c.int('revoked_at'),
      createdAt: c.int('created_at').notNull(),
      capabilities: c.json<readonly string[] | null>('capabilities'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('key_material_address').on(t.tenant, t.address, t.kind, t.use),
      c.index('key_material_kind').on(t.tenant, t.kind, t.use),
    ],
  )

  const person = c.table(
    'person',
    {
      tenant: c.text('tenant').notNull(),
      address: c.text('address').notNull(),
      name: c.text('name'),
      user: c.flag('is_user').notNull(),
      department: c.text('department'),
      location: c.text('location'),
      role: c.text('role'),
      groups: c.json<readonly string[]>('groups').notNull(),
      country: c.text('country'),
      language: c.text('language').$type<PersonRecord['language']>(),
      phone: c.text('phone'),
      portalAccount: c.flag('portal_account').notNull(),
      lastContact: c.text('last_contact'),
      passwordHash: c.text('password_hash'),
      sendsAs: c.json<readonly string[]>('sends_as').notNull(),
    },
    (t) => [c.primaryKey({ columns: [t.tenant, t.address] }), c.index('person_role').on(t.tenant, t.role, t.address)],
  )

  const policyVersion = c.table(
    'policy_version',
    {
      tenant: c.text('tenant').notNull(),
      serial: c.int('serial').notNull(),
      revision: c.text('revision').notNull(),
      bundle: c.text('bundle').notNull(),
      author: c.text('author'),
      appliedAt: c.int('applied_at').notNull(),
      appliedBy: c.text('applied_by').notNull(),
      note: c.text('note').notNull(),
    },
    (t) => [c.primaryKey({ columns: [t.tenant, t.serial] })],
  )

  /** No foreign key to the message: it has a life of its own. */
  const decisionInput = c.table(
    'decision_input',
    {
      tenant: c.text('tenant').notNull(),
      message: c.text('message').notNull(),
      at: c.int('at').notNull(),
      input: c.json<PolicyInput>('input').notNull(),
      redacted: c.flag('redacted').notNull(),
      rules: c.json<readonly string[]>('rules').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.message] }),
      c.index('decision_input_age').on(t.tenant, t.at, t.message),
    ],
  )

  return {
    message,
    content,
    recipient,
    copy,
    linkFile,
    grant,
    code,
    portalSession,
    audit,
    job,
    idempotency,
    key,
    person,
    policyVersion,
    decisionInput,
  }
}

export type Tables = ReturnType<typeof defineTables>
