import type { CodeRecord, GrantRecord, PortalSessionRecord } from '../../../../shared/domain/index.ts'
import type { Columns } from '../columns.pg.ts'
import { orm } from '../drizzle.ts'
import type { mailTables } from './mail.ts'

const { sql } = orm

/** What links lead to, and who may open them. */
export function portalTables(c: Columns, { message }: Pick<ReturnType<typeof mailTables>, 'message'>) {
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

  return { linkFile, grant, code, portalSession }
}
