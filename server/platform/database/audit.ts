/** The statements about the audit chain. */
import { hash as digestOf } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import {
  type AuditEvent,
  type AuditRecord,
  auditText,
  CHAIN_START,
  type MessageId,
} from '../../../shared/domain/index.ts'
import type { ChainHead } from './database.ts'
import { orm } from './drizzle.ts'
import { auditRecord } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, desc, eq, gt, sql } = orm

const $ = sql.placeholder

export async function auditRecords(
  on: TenantStatements,
  query: { message?: MessageId; afterSeq?: number; limit: number },
): Promise<AuditRecord[]> {
  const { audit } = on.engine.tables
  const filter: SQL[] = [eq(audit.tenant, $('tenant')), gt(audit.seq, $('afterSeq'))]
  if (query.message !== undefined) filter.push(eq(audit.message, $('message')))
  const name = `audit ${query.message !== undefined}`
  const rows = await on.run(
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

/** The newest record of the chain: what this writer appended last, or what the table says. */
async function chainHead(on: TenantUnit): Promise<ChainHead | null> {
  const known = on.unit.heads?.get(on.tenant)
  if (known) return known
  const { audit } = on.engine.tables
  await on.engine.dialect.turn(on.unit, 'audit', on.tenant)
  const [last] = await on.run(
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

export async function appendAudit(on: TenantUnit, event: AuditEvent): Promise<AuditRecord> {
  const last = await chainHead(on)
  const text = auditText(event)
  const seq = (last?.seq ?? 0) + 1
  const hash = digestOf('sha256', (last?.hash ?? CHAIN_START) + text)
  await on.insert('audit', { seq, message: event.message ?? '', text, hash })
  on.unit.heads?.set(on.tenant, { seq, hash })
  return { ...event, seq, hash }
}
