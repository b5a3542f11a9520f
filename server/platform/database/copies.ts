/** The statements about copies: what is sent of a message. */
import type { CopyRecord, MessageId, ReceivedMessage } from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import { unplanned } from './placeholders.ts'
import { receivedMessage, record } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, eq, sql } = orm

const $ = sql.placeholder

export async function copies(on: TenantStatements, message: MessageId): Promise<CopyRecord[]> {
  const { copy } = on.engine.tables
  const rows = await on.run(
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

export async function copyById(on: TenantStatements, id: string): Promise<CopyRecord | null> {
  const { copy } = on.engine.tables
  const rows = await on.run(
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

export async function copyToSend(
  on: TenantStatements,
  id: string,
): Promise<{ copy: CopyRecord; message: ReceivedMessage } | null> {
  const { copy, message } = on.engine.tables
  const { decision: _, ...received } = orm.getTableColumns(message)
  const [row] = await on.run(
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

export async function insertCopy(on: TenantUnit, copy: CopyRecord): Promise<void> {
  await on.insert('copy', { ...copy })
}
