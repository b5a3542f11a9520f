/** The statements about the portal's codes and sessions. */
import type { CodeRecord, PortalSessionRecord } from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import { record } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, desc, eq, isNull, lt, sql } = orm

const $ = sql.placeholder

export async function newestCode(
  on: TenantStatements,
  grant: string,
  channel: CodeRecord['channel'],
): Promise<CodeRecord | null> {
  const { code } = on.engine.tables
  const rows = await on.run(
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

export async function insertCode(on: TenantUnit, code: CodeRecord): Promise<void> {
  await on.insert('code', { ...code })
}

/** An attempt counts only from a lower number, so two guesses at once cannot pass as one. */
export async function updateCode(
  on: TenantUnit,
  id: string,
  patch: { attempts?: number; usedAt?: number },
): Promise<boolean> {
  const { code } = on.engine.tables
  if (patch.attempts === undefined && patch.usedAt === undefined) return false
  const changed = await on.once(
    on
      .db()
      .update(code)
      .set(patch)
      .where(
        and(
          eq(code.tenant, on.tenant),
          eq(code.id, id),
          isNull(code.usedAt),
          patch.attempts === undefined ? undefined : lt(code.attempts, patch.attempts),
        ),
      )
      .returning({ id: code.id }),
  )
  return changed.length === 1
}

export async function portalSessionByToken(
  on: TenantStatements,
  tokenHash: string,
): Promise<PortalSessionRecord | null> {
  const { portalSession } = on.engine.tables
  const rows = await on.run(
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

export async function putPortalSession(on: TenantUnit, session: PortalSessionRecord): Promise<void> {
  const { portalSession } = on.engine.tables
  const { tokenHash: _, ...changed } = session
  await on.once(
    on
      .db()
      .insert(portalSession)
      .values({ ...session, tenant: on.tenant })
      .onConflictDoUpdate({ target: [portalSession.tenant, portalSession.tokenHash], set: changed }),
  )
}

export async function deletePortalSession(on: TenantUnit, tokenHash: string): Promise<void> {
  const { portalSession } = on.engine.tables
  await on.once(
    on
      .db()
      .delete(portalSession)
      .where(and(eq(portalSession.tenant, on.tenant), eq(portalSession.tokenHash, tokenHash))),
  )
}
