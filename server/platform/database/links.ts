/** The statements about files behind links and about grants, which open them. */
import type { GrantRecord, LinkFileRecord, MessageId } from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import { grantRecord, record } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, eq, isNull, sql } = orm

const $ = sql.placeholder

export async function linkFiles(on: TenantStatements, message: MessageId): Promise<LinkFileRecord[]> {
  const { linkFile } = on.engine.tables
  const rows = await on.run(
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

export async function linkFileById(on: TenantStatements, id: string): Promise<LinkFileRecord | null> {
  const { linkFile } = on.engine.tables
  const rows = await on.run(
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

export async function grantByToken(on: TenantStatements, tokenHash: string): Promise<GrantRecord | null> {
  const { grant } = on.engine.tables
  const rows = await on.run(
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

export async function grantById(on: TenantStatements, id: string): Promise<GrantRecord | null> {
  const { grant } = on.engine.tables
  const rows = await on.run(
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

export async function grantOfContent(on: TenantStatements, blob: string): Promise<GrantRecord | null> {
  const { grant } = on.engine.tables
  const rows = await on.run(
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

export async function grants(on: TenantStatements, message: MessageId): Promise<GrantRecord[]> {
  const { grant } = on.engine.tables
  const rows = await on.run(
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

export async function insertLinkFile(on: TenantUnit, file: LinkFileRecord): Promise<void> {
  await on.insert('linkFile', { ...file })
}

export async function insertGrant(on: TenantUnit, grant: GrantRecord): Promise<void> {
  await on.insert('grant', { ...grant, contentBlob: grant.content?.blob ?? null, erasedAt: null })
}

export async function revokeGrants(on: TenantUnit, message: MessageId, at: number): Promise<number> {
  const { grant } = on.engine.tables
  const revoked = await on.once(
    on
      .db()
      .update(grant)
      .set({ revokedAt: at })
      .where(and(eq(grant.tenant, on.tenant), eq(grant.message, message), isNull(grant.revokedAt)))
      .returning({ id: grant.id }),
  )
  return revoked.length
}
