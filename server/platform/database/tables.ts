import type { Columns } from './columns.pg.ts'
import { mailTables } from './tables/mail.ts'
import { peopleTables } from './tables/people.ts'
import { policyTables } from './tables/policies.ts'
import { portalTables } from './tables/portal.ts'
import { workTables } from './tables/work.ts'

/**
 * Every table, once, for both engines. The tenant stands first in each primary key, index and foreign key, so that no
 * row can belong to or point at another tenant's. The one exception is `job_lane`: workers serve all tenants.
 * Times are epoch milliseconds from the clock port, ids are made in the app.
 */
export function defineTables(c: Columns) {
  const mail = mailTables(c)
  return { ...mail, ...portalTables(c, mail), ...workTables(c), ...peopleTables(c), ...policyTables(c) }
}

export type Tables = ReturnType<typeof defineTables>
