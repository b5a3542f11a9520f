import type { SQL } from 'drizzle-orm'
import { orm } from './drizzle.ts'
import type { Tables } from './tables.ts'

const { and, eq, sql } = orm

type Given = string | ReturnType<typeof sql.placeholder>

/** The fence of a lease: this job, while it is leased under this token; values, or placeholders of a prepared statement. */
export function stillHeld(
  table: Tables['job'],
  job: { readonly tenant: Given; readonly id: Given; readonly leaseToken: Given },
): SQL | undefined {
  return and(
    eq(table.tenant, job.tenant),
    eq(table.id, job.id),
    eq(table.state, 'leased'),
    eq(table.leaseToken, job.leaseToken),
  )
}
