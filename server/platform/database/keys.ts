/** The statements about keys. */
import type { SQL } from 'drizzle-orm'
import type { KeyRecord } from '../../../shared/domain/index.ts'
import type { TenantReads } from '../../ports/store.ts'
import { orm } from './drizzle.ts'
import { unplanned } from './placeholders.ts'
import { keyRecord } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, eq } = orm

export async function keys(on: TenantStatements, query: Parameters<TenantReads['keys']>[0]): Promise<KeyRecord[]> {
  const { key } = on.engine.tables
  const filter: SQL[] = [eq(key.tenant, unplanned('tenant'))]
  if (query.id !== undefined) filter.push(eq(key.id, unplanned('id')))
  if (query.kind !== undefined) filter.push(eq(key.kind, unplanned('kind')))
  if (query.use !== undefined) filter.push(eq(key.use, unplanned('use')))
  if (query.address !== undefined) filter.push(eq(key.address, unplanned('address')))
  const name = `keys ${query.id !== undefined} ${query.kind !== undefined} ${query.use !== undefined} ${query.address !== undefined}`
  const rows = await on.run(
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

export async function putKey(on: TenantUnit, key: KeyRecord): Promise<void> {
  const { key: table } = on.engine.tables
  const { id, sealedPrivate, capabilities = null, ...rest } = key
  const changed = { ...rest, capabilities, sealedPrivate: sealedPrivate === null ? null : Buffer.from(sealedPrivate) }
  await on.once(
    on
      .db()
      .insert(table)
      .values({ id, ...changed, tenant: on.tenant })
      .onConflictDoUpdate({ target: [table.tenant, table.id], set: changed }),
  )
  on.engine.keptKeys?.changed()
}

export async function deleteKey(on: TenantUnit, id: string): Promise<void> {
  const { key } = on.engine.tables
  await on.once(
    on
      .db()
      .delete(key)
      .where(and(eq(key.tenant, on.tenant), eq(key.id, id))),
  )
  on.engine.keptKeys?.changed()
}
