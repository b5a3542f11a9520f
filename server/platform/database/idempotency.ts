/** The statements about requests that may come twice. */
import type { IdempotencyRecord } from '../../ports/store.ts'
import { orm } from './drizzle.ts'
import { record } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, eq, sql } = orm

const $ = sql.placeholder

export async function idempotent(on: TenantStatements, client: string, key: string): Promise<IdempotencyRecord | null> {
  const { idempotency } = on.engine.tables
  const rows = await on.run(
    'idempotent',
    (db) =>
      db
        .select()
        .from(idempotency)
        .where(
          and(eq(idempotency.tenant, $('tenant')), eq(idempotency.client, $('client')), eq(idempotency.key, $('key'))),
        )
        .prepare('idempotent'),
    { client, key },
  )
  // Its answer is repeated to the client: an acknowledgement.
  if (rows[0]) await on.settled()
  return rows[0] ? record(rows[0]) : null
}

export async function insertIdempotent(on: TenantUnit, record: IdempotencyRecord): Promise<boolean> {
  const { idempotency } = on.engine.tables
  const inserted = await on.once(
    on
      .db()
      .insert(idempotency)
      .values({ ...record, tenant: on.tenant })
      .onConflictDoNothing()
      .returning({ key: idempotency.key }),
  )
  return inserted.length === 1
}

export async function completeIdempotent(
  on: TenantUnit,
  client: string,
  key: string,
  response: { status: number; body: string },
): Promise<void> {
  const { idempotency } = on.engine.tables
  await on.once(
    on
      .db()
      .update(idempotency)
      .set({ response })
      .where(and(eq(idempotency.tenant, on.tenant), eq(idempotency.client, client), eq(idempotency.key, key))),
  )
}
