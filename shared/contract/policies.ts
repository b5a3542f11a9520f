import { z } from 'zod'
import { Verdict } from './evaluate.ts'

const Serial = z.int().positive().meta({ description: 'Rises with every bundle of a tenant.' })
const Revision = z
  .string()
  .meta({ description: 'SHA-256 over the canonical rule sets: equal content, equal revision.' })

export const PolicyFinding = z
  .object({
    code: z.string().meta({ description: 'Stable; the policy documentation explains each.' }),
    severity: z.enum(['error', 'warning']),
    file: z.string(),
    line: z.int(),
    column: z.int(),
    text: z.string(),
    suggestion: z.string().optional().meta({ description: 'A name that exists and was probably meant.' }),
  })
  .meta({ id: 'PolicyFinding' })
export type PolicyFinding = z.infer<typeof PolicyFinding>

export const PolicyVersion = z
  .object({
    serial: Serial,
    revision: Revision,
    author: z.string().nullable().meta({ description: 'Whose key signed the bundle; null for an unsigned one.' }),
    appliedAt: z.iso.datetime(),
    appliedBy: z.string(),
    note: z.string(),
    rollbackTo: z.int().nullable().meta({
      description: 'The version whose bundle serves under this serial; null for one with a bundle of its own.',
    }),
  })
  .meta({ id: 'PolicyVersion' })

export const PolicyVersions = z
  .object({
    active: z
      .object({
        revision: Revision,
        serial: z.int().nullable().meta({ description: 'null: the files of the policy directory are in force.' }),
        stale: z.boolean().meta({ description: 'An older policy serves, because the last load failed.' }),
      })
      .nullable()
      .meta({ description: 'null: there is no valid policy, and mail is refused for now.' }),
    versions: z.array(PolicyVersion).meta({ description: 'Newest first.' }),
  })
  .meta({ id: 'PolicyVersions' })

export const PolicyVersionWithBundle = PolicyVersion.extend({
  bundle: z.string().meta({
    description: 'DSSE envelope, exactly as it was applied; of a rollback that of the version it went back to.',
  }),
}).meta({ id: 'PolicyVersionWithBundle' })

export const ApplyPolicy = z
  .object({
    bundle: z.string().min(1).meta({ description: 'DSSE envelope of `secflow policy build`.' }),
    note: z.string().max(1000).default('').meta({ description: 'Why; stands in the audit.' }),
  })
  .meta({ id: 'ApplyPolicy' })

export const RollbackPolicy = z
  .object({
    serial: Serial.meta({ description: 'The version to go back to: one that was in force before.' }),
    note: z.string().max(1000).default('').meta({ description: 'Why; stands in the audit.' }),
  })
  .meta({ id: 'RollbackPolicy' })

export const AppliedPolicy = PolicyVersion.extend({
  diagnostics: z.array(PolicyFinding).meta({ description: 'Warnings.' }),
}).meta({ id: 'AppliedPolicy' })

const files = z
  .array(z.object({ name: z.string().min(1).max(1000), text: z.string() }))
  .min(1)
  .max(2000)
  .meta({ description: 'Rule sets (YAML or JSON).' })

/** A policy that is only looked at: as files, or as a bundle whose signature does not matter here. */
export const PolicyCandidate = z
  .object({ bundle: z.string().min(1).optional(), files: files.optional() })
  .refine(({ bundle, files: list }) => (bundle === undefined) !== (list === undefined), 'either bundle or files')
  .meta({ id: 'PolicyCandidate' })
export type PolicyCandidate = z.infer<typeof PolicyCandidate>

const ids = z.array(z.string())

export const PolicyChanges = z
  .object({
    added: ids,
    removed: ids,
    changed: ids.meta({ description: 'Rules of one id and two meanings.' }),
    guarantees: ids,
    exceptions: ids,
    settings: ids.meta({ description: 'Settings of the whole policy: labels, preference, order, owner.' }),
  })
  .meta({ id: 'PolicyChanges' })

export const PolicyChange = z
  .object({
    kind: z.enum(['rule', 'exception', 'guarantee', 'list', 'set', 'policy']),
    id: z.string(),
    file: z.string(),
    what: z.enum(['added', 'removed', 'renamed', 'condition', 'actions', 'mode', 'layer', 'setting', 'entries']),
    relation: z
      .enum(['wider', 'narrower', 'changed'])
      .optional()
      .meta({ description: 'The mail it applies to now, against before.' }),
    before: z.string().optional(),
    after: z.string().optional(),
    flags: z
      .array(z.enum(['wider-on-reject', 'narrower-on-protect']))
      .meta({ description: 'What wants a second look.' }),
    mail: z.looseObject({}).optional().meta({ description: 'Facts of a mail that only one of the two applies to.' }),
  })
  .meta({ id: 'PolicyChange' })

export const PolicyDifference = z
  .object({
    before: Revision,
    after: Revision,
    changes: z.array(PolicyChange).meta({ description: 'Empty when both mean the same, however they are written.' }),
  })
  .meta({ id: 'PolicyDifference' })

export const ReplayQuery = z
  .object({
    ...PolicyCandidate.shape,
    since: z
      .string()
      .regex(/^\d{1,4}[hdw]$/)
      .default('30d')
      .meta({ description: 'How far back: `12h`, `30d`, `8w`.' }),
    limit: z.int().min(1).max(1_000_000).default(100_000).meta({ description: 'At most so many messages.' }),
  })
  .refine(({ bundle, files: list }) => (bundle === undefined) !== (list === undefined), 'either bundle or files')
  .meta({ id: 'ReplayQuery' })

const ReplayVerdict = z
  .object({
    outcome: z.enum(['deliver', 'hold', 'quarantine', 'reject', 'defer']),
    method: z.enum(['smime', 'pgp', 'pdf', 'portal', 'tls']).nullable(),
  })
  .meta({ id: 'ReplayVerdict' })
const ReplayGate = z
  .object({ recipients: z.int(), examples: ids.meta({ description: 'Messages.' }) })
  .meta({ id: 'ReplayGate' })

export const PolicyReplay = z
  .object({
    before: Revision,
    after: Revision,
    changes: PolicyChanges,
    total: z.int().meta({ description: 'Messages that were read.' }),
    evaluated: z.int().meta({ description: 'Those that the change can concern.' }),
    changed: z.int().meta({ description: 'Those that would be treated otherwise.' }),
    recipients: z.object({ total: z.int(), changed: z.int() }),
    matrix: z.array(z.object({ before: ReplayVerdict, after: ReplayVerdict, recipients: z.int() })),
    byDepartment: z.array(z.object({ department: z.string().nullable(), total: z.int(), changed: z.int() })),
    newDefers: z.int(),
    copiesDelta: z.int(),
    gates: z
      .object({ rejectToDeliver: ReplayGate, encryptedToClear: ReplayGate })
      .meta({ description: 'What wants a second pair of eyes.' }),
    examples: ids.meta({ description: 'Messages to look at, the gravest first.' }),
    neverHit: ids.meta({ description: 'Rules that had a part in nothing.' }),
    hitsKnown: z.boolean(),
    notRecorded: z.object({ inputs: z.int(), lookups: z.array(z.enum(['directory', 'keys', 'tls', 'auth'])) }).meta({
      description:
        'Fact not recorded: so many messages were not compared, because a rule needs a look-up that no rule of their time asked for.',
    }),
    notReplayable: z
      .object({ inputs: z.int(), rules: ids })
      .meta({ description: 'Words of mail are not kept: these rules found nothing in so many messages.' }),
  })
  .meta({ id: 'PolicyReplay' })

export const Simulation = z
  .object({
    delivered: z.literal(false).meta({ description: 'Nothing was stored, nothing was sent.' }),
    ...Verdict.omit({ stamp: true, protection: true }).shape,
    explanation: z
      .string()
      .meta({ description: 'Per recipient the rules that fired, those that nearly did, and why.' }),
  })
  .meta({ id: 'Simulation' })
