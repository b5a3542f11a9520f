import { createHash } from 'node:crypto'
import { CHAIN_START } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { ChainHead } from './database.ts'
import { orm } from './drizzle.ts'
import type { TablePlan } from './move-order.ts'
import { columnsOf, type End, tableOf } from './move-rows.ts'

const { asc, count, desc, eq, and, gt } = orm

/** Rows of each tenant, by tenant. */
export async function countsOf(end: End, plan: TablePlan): Promise<Record<string, number>> {
  const table = tableOf(end, plan)
  const rows = await end.db
    .select({ tenant: table.tenant, rows: count() })
    .from(table)
    .groupBy(table.tenant)
    .orderBy(
      ...columnsOf(end, plan)
        .slice(0, 1)
        .map((column) => asc(column)),
    )
  return Object.fromEntries(rows.map(({ tenant, rows }) => [tenant, Number(rows)]))
}

/** The newest record of a tenant's chain, as it is written. */
export async function headOf({ db, tables: { audit } }: End, tenant: string): Promise<ChainHead> {
  const [last] = await db
    .select({ seq: audit.seq, hash: audit.hash })
    .from(audit)
    .where(eq(audit.tenant, tenant))
    .orderBy(desc(audit.seq))
    .limit(1)
  return last ?? { seq: 0, hash: CHAIN_START }
}

/**
 * Computes a tenant's chain anew from the texts, from `head` on, and gives its end. Raises `move-differs` where a record
 * does not follow from the one before.
 */
export async function recomputeChain(
  { db, tables: { audit } }: End,
  tenant: string,
  head: ChainHead = { seq: 0, hash: CHAIN_START },
): Promise<ChainHead> {
  let { seq, hash } = head
  for (;;) {
    const rows = await db
      .select({ seq: audit.seq, text: audit.text, hash: audit.hash })
      .from(audit)
      .where(and(eq(audit.tenant, tenant), gt(audit.seq, seq)))
      .orderBy(asc(audit.seq))
      .limit(500)
    for (const row of rows) {
      hash = createHash('sha256')
        .update(hash + row.text)
        .digest('hex')
      if (row.seq !== seq + 1 || row.hash !== hash)
        throw new Fault('move-differs', `the audit chain of ${tenant} breaks at ${row.seq}`)
      seq = row.seq
    }
    if (rows.length < 500) return { seq, hash }
  }
}
