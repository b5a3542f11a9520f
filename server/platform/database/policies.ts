/** The statements about versions of the policy and recorded inputs. */
import type { DecisionInputRecord, PolicyVersionRecord, TenantId } from '../../../shared/domain/index.ts'
import { MAX_ROLLBACK, rolledBackTo } from '../../../shared/policy/bundle/rollback.ts'
import type { PolicyReads, PolicyVersionSummary } from '../../ports/store.ts'
import type { Db } from './database.ts'
import { orm } from './drizzle.ts'
import { record } from './rows.ts'
import type { Tables } from './tables.ts'
import type { TenantUnit } from './tenant.ts'

const { and, desc, eq, gte, lt, lte, or, sql } = orm

const $ = sql.placeholder

export async function policyVersions(
  db: Db,
  { policyVersion }: Tables,
  tenant: TenantId,
  { limit, before }: Parameters<PolicyReads['policyVersions']>[0],
): Promise<PolicyVersionSummary[]> {
  const { serial, revision, bundle, author, appliedAt, appliedBy, note } = policyVersion
  // The length of a text is known without reading it: bundles are megabytes.
  const short = sql<string | null>`case when octet_length(${bundle}) <= ${MAX_ROLLBACK} then ${bundle} end`
  const rows = await db
    .select({ serial, revision, author, appliedAt, appliedBy, note, short })
    .from(policyVersion)
    .where(and(eq(policyVersion.tenant, tenant), before === undefined ? undefined : lt(serial, before)))
    .orderBy(desc(serial))
    .limit(limit)
  return rows.map(({ short: text, ...row }) => ({ ...row, rollbackTo: text === null ? null : rolledBackTo(text) }))
}

export async function policyVersionOf(
  db: Db,
  { policyVersion }: Tables,
  tenant: TenantId,
  serial: number | undefined,
): Promise<PolicyVersionRecord | null> {
  const [row] = await db
    .select()
    .from(policyVersion)
    .where(and(eq(policyVersion.tenant, tenant), serial === undefined ? undefined : eq(policyVersion.serial, serial)))
    .orderBy(desc(policyVersion.serial))
    .limit(1)
  return row ? record(row) : null
}

export async function decisionInputs(
  db: Db,
  { decisionInput }: Tables,
  tenant: TenantId,
  { since, before, limit }: Parameters<PolicyReads['decisionInputs']>[0],
): Promise<DecisionInputRecord[]> {
  const { at, message } = decisionInput
  const rest = before && or(lt(at, before.at), and(eq(at, before.at), lt(message, before.message)))
  const rows = await db
    .select()
    .from(decisionInput)
    .where(and(eq(decisionInput.tenant, tenant), gte(at, since), lte(at, before?.at ?? Number.MAX_SAFE_INTEGER), rest))
    .orderBy(desc(at), desc(message))
    .limit(limit)
  return rows.map((row) => record(row) as DecisionInputRecord)
}

/** Whether it was inserted: only above every serial so far. A unit of work runs alone, so nothing comes between. */
export async function insertPolicyVersion(on: TenantUnit, version: PolicyVersionRecord): Promise<boolean> {
  const { tenant } = on
  const { tables, dialect } = on.engine
  await dialect.turn(on.unit, 'policy', tenant)
  return on.unprepared(async (db) => {
    const [newest] = await policyVersions(db, tables, tenant, { limit: 1 })
    if (newest && newest.serial >= version.serial) return false
    await db.insert(tables.policyVersion).values({ ...version, tenant })
    return true
  })
}

export async function putDecisionInput(on: TenantUnit, record: DecisionInputRecord): Promise<void> {
  const { decisionInput: table } = on.engine.tables
  const { message, ...changed } = record
  await on.run(
    'putDecisionInput',
    (db) =>
      db
        .insert(table)
        .values({
          tenant: $('tenant'),
          message: $('message'),
          at: $('at'),
          input: $('input'),
          redacted: $('redacted'),
          rules: $('rules'),
        })
        .onConflictDoUpdate({
          target: [table.tenant, table.message],
          set: {
            at: sql`excluded.at`,
            input: sql`excluded.input`,
            redacted: sql`excluded.redacted`,
            rules: sql`excluded.rules`,
          },
        })
        .prepare('putDecisionInput'),
    { message, ...changed },
  )
}
