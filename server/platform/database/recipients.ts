/** The statements about recipients of a message. */
import {
  FINAL_STATES,
  type MessageId,
  type Receipt,
  type RecipientRecord,
  type RecipientState,
} from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import { columnsOf } from './placeholders.ts'
import { record } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, eq, isNull, notInArray, sql } = orm

const $ = sql.placeholder

export async function recipients(on: TenantStatements, message: MessageId): Promise<RecipientRecord[]> {
  const { recipient } = on.engine.tables
  const rows = await on.run(
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

export async function updateRecipient(
  on: TenantUnit,
  message: MessageId,
  address: string,
  patch: { state?: RecipientState; copy?: string; detail?: string; receipt?: Receipt; at: number },
): Promise<boolean> {
  const { recipient } = on.engine.tables
  const names = (['state', 'copy', 'detail', 'receipt'] as const).filter((name) => patch[name] !== undefined)
  const name = `updateRecipient ${names.join()}`
  const moved = await on.run(
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
