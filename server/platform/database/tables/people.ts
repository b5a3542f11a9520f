import type { KeyRecord, PersonRecord } from '../../../../shared/domain/index.ts'
import type { Columns } from '../columns.pg.ts'

/** Keys and people. */
export function peopleTables(c: Columns) {
  const key = c.table(
    'key_material',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      kind: c.text('kind').$type<KeyRecord['kind']>().notNull(),
      use: c.text('use').$type<KeyRecord['use']>().notNull(),
      address: c.text('address').notNull(),
      publicText: c.text('public_text').notNull(),
      sealedPrivate: c.bytes('sealed_private'),
      revokedAt: c.int('revoked_at'),
      createdAt: c.int('created_at').notNull(),
      capabilities: c.json<readonly string[] | null>('capabilities'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('key_material_address').on(t.tenant, t.address, t.kind, t.use),
      c.index('key_material_kind').on(t.tenant, t.kind, t.use),
    ],
  )

  const person = c.table(
    'person',
    {
      tenant: c.text('tenant').notNull(),
      address: c.text('address').notNull(),
      name: c.text('name'),
      user: c.flag('is_user').notNull(),
      department: c.text('department'),
      location: c.text('location'),
      role: c.text('role'),
      groups: c.json<readonly string[]>('groups').notNull(),
      country: c.text('country'),
      language: c.text('language').$type<PersonRecord['language']>(),
      phone: c.text('phone'),
      portalAccount: c.flag('portal_account').notNull(),
      lastContact: c.text('last_contact'),
      passwordHash: c.text('password_hash'),
      sendsAs: c.json<readonly string[]>('sends_as').notNull(),
    },
    (t) => [c.primaryKey({ columns: [t.tenant, t.address] }), c.index('person_role').on(t.tenant, t.role, t.address)],
  )

  return { key, person }
}
