/** The statements about people. */
import type { PersonRecord } from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import { record } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, eq, sql } = orm

const $ = sql.placeholder

export async function personByAddress(on: TenantStatements, address: string): Promise<PersonRecord | null> {
  const { person } = on.engine.tables
  const rows = await on.run(
    'person',
    (db) =>
      db
        .select()
        .from(person)
        .where(and(eq(person.tenant, $('tenant')), eq(person.address, $('address'))))
        .prepare('person'),
    { address },
  )
  return rows[0] ? record(rows[0]) : null
}

export async function peopleWithRole(on: TenantStatements, role: string): Promise<PersonRecord[]> {
  const { person } = on.engine.tables
  const rows = await on.run(
    'peopleWithRole',
    (db) =>
      db
        .select()
        .from(person)
        .where(and(eq(person.tenant, $('tenant')), eq(person.role, $('role'))))
        .orderBy(asc(person.address))
        .prepare('peopleWithRole'),
    { role },
  )
  return rows.map(record)
}

export async function putPerson(on: TenantUnit, person: PersonRecord): Promise<void> {
  const { person: table } = on.engine.tables
  const { address, ...changed } = person
  await on.once(
    on
      .db()
      .insert(table)
      .values({ address, ...changed, tenant: on.tenant })
      .onConflictDoUpdate({ target: [table.tenant, table.address], set: changed }),
  )
}
