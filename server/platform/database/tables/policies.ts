import type { PolicyInput } from '../../../../shared/domain/index.ts'
import type { Columns } from '../columns.pg.ts'

/** Policies that were applied, and what decisions were made from. */
export function policyTables(c: Columns) {
  const policyVersion = c.table(
    'policy_version',
    {
      tenant: c.text('tenant').notNull(),
      serial: c.int('serial').notNull(),
      revision: c.text('revision').notNull(),
      bundle: c.text('bundle').notNull(),
      author: c.text('author'),
      appliedAt: c.int('applied_at').notNull(),
      appliedBy: c.text('applied_by').notNull(),
      note: c.text('note').notNull(),
    },
    (t) => [c.primaryKey({ columns: [t.tenant, t.serial] })],
  )

  /** No foreign key to the message: it has a life of its own. */
  const decisionInput = c.table(
    'decision_input',
    {
      tenant: c.text('tenant').notNull(),
      message: c.text('message').notNull(),
      at: c.int('at').notNull(),
      input: c.json<PolicyInput>('input').notNull(),
      redacted: c.flag('redacted').notNull(),
      rules: c.json<readonly string[]>('rules').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.message] }),
      c.index('decision_input_age').on(t.tenant, t.at, t.message),
    ],
  )

  return { policyVersion, decisionInput }
}
