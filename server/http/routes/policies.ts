import { z } from 'zod'
import {
  AppliedPolicy,
  ApplyPolicy,
  type Language,
  PolicyCandidate,
  PolicyDifference,
  PolicyReplay,
  PolicyVersions,
  PolicyVersionWithBundle,
  ReplayQuery,
  RollbackPolicy,
} from '../../../shared/contract/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { diffing, rolledBackTo } from '../../../shared/policy/index.ts'
import type { Applied, Candidate } from '../../policies/roll-out.ts'
import type { PolicyVersionSummary } from '../../ports/store.ts'
import { inTurns } from '../../threads/turn.ts'
import { findings } from '../findings.ts'
import { languageOf } from '../language.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

/** A bundle of 10,000 rules is 4 MB; JSON around it escapes it once more. */
const BODY_LIMIT = 96 * 1_048_576
const UNIT_MS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Versions of the policy, what a change would do to past mail, and putting one in force, or an older one again. */
export const policyRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  app.get(
    '/api/v1/policies',
    {
      config: { access: ['policy:read'] },
      schema: {
        summary: 'The policy in force and its versions',
        operationId: 'listPolicies',
        tags: ['policies'],
        querystring: z.object({
          limit: z.coerce.number().int().min(1).max(500).default(50),
          before: z.coerce.number().int().positive().optional().describe('Only versions with a lower serial.'),
        }),
        response: { 200: PolicyVersions },
      },
    },
    async (request) => {
      const { tenant } = caller(request)
      const { limit, before } = request.query
      const { read } = services.store.tenant(tenant)
      const versions = await read.policyVersions({ limit, ...(before === undefined ? {} : { before }) })
      const standing = services.policies.standing(tenant)
      return {
        active: standing && { ...standing, serial: standing.serial || null },
        versions: versions.map(versionOf),
      }
    },
  )
  app.get(
    '/api/v1/policies/:serial',
    {
      config: { access: ['policy:read'] },
      schema: {
        summary: 'One version with its bundle',
        operationId: 'getPolicy',
        tags: ['policies'],
        params: z.object({ serial: z.coerce.number().int().positive() }),
        response: { 200: PolicyVersionWithBundle },
      },
    },
    async (request) => {
      const { read } = services.store.tenant(caller(request).tenant)
      const version = await read.policyVersion(request.params.serial)
      if (!version) throw new Fault('not-found')
      const older = rolledBackTo(version.bundle)
      const origin = older === null ? version : await read.policyVersion(older)
      return { ...versionOf({ ...version, rollbackTo: older }), bundle: (origin ?? version).bundle }
    },
  )
  app.post(
    '/api/v1/policies',
    {
      config: { access: ['policy:apply'], holdsBody: true },
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: 'Put a bundle in force',
        description:
          'The bundle has to be signed by a key of `policyTrust` and its serial to be above every one before. ' +
          'A bundle that is refused changes nothing and is audited. ' +
          'To go back: `POST /api/v1/policies/rollback`, or the old content signed again under a higher serial (`secflow policy rollback`).',
        operationId: 'applyPolicy',
        tags: ['policies'],
        body: ApplyPolicy,
        response: { 201: AppliedPolicy },
      },
    },
    async (request, reply) => {
      const { tenant, subject, address } = caller(request)
      const { bundle, note } = request.body
      const applied = await services.policies.apply(tenant, bundle, { subject, address }, note)
      reply.code(201).header('location', `/api/v1/policies/${applied.serial}`)
      return inForce(applied, languageOf(request))
    },
  )
  app.post(
    '/api/v1/policies/rollback',
    {
      config: { access: ['policy:apply'] },
      schema: {
        summary: 'Put an older version in force again',
        description:
          'Only a version that was in force before, with a signature that is trusted today; nobody signs anything anew. ' +
          'It serves under a serial of its own and stands in the audit as `policy.rolled-back` with who asked for it. ' +
          'With `policyTwoPersons` it has to be somebody else than the author of that version.',
        operationId: 'rollbackPolicy',
        tags: ['policies'],
        body: RollbackPolicy,
        response: { 201: AppliedPolicy },
      },
    },
    async (request, reply) => {
      const { tenant, subject, address } = caller(request)
      const { serial, note } = request.body
      const applied = await services.policies.rollback(tenant, serial, { subject, address }, note)
      reply.code(201).header('location', `/api/v1/policies/${applied.serial}`)
      return inForce(applied, languageOf(request))
    },
  )
  app.post(
    '/api/v1/policies/diff',
    {
      config: { access: ['policy:read'], holdsBody: true },
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: 'What differs in meaning from the policy in force',
        operationId: 'diffPolicy',
        tags: ['policies'],
        body: PolicyCandidate,
        response: { 200: PolicyDifference },
      },
    },
    async (request) => {
      const after = await services.policies.candidate(candidateOf(request.body))
      const before = services.policies.active(caller(request).tenant)
      return lists({ before: before.revision, after: after.revision, changes: await inTurns(diffing(before, after)) })
    },
  )
  app.post(
    '/api/v1/policies/replay',
    {
      config: { access: ['policy:read'], holdsBody: true },
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: 'What a policy would do to past mail',
        description:
          'Decides recorded facts again, where the change can concern them. Words of mail are not recorded. The newest mails first, so that a limit leaves out the oldest.',
        operationId: 'replayPolicy',
        tags: ['policies'],
        body: ReplayQuery,
        response: { 200: PolicyReplay },
      },
    },
    async (request) => {
      const { since, limit, ...candidate } = request.body
      const after = await services.policies.candidate(candidateOf(candidate))
      const unit = UNIT_MS[since.at(-1) as keyof typeof UNIT_MS]
      const from = services.clock.now() - Number(since.slice(0, -1)) * unit
      const report = await services.policies.replay(caller(request).tenant, after, { since: from, limit })
      return lists(report)
    },
  )
}

function candidateOf({ bundle, files }: PolicyCandidate): Candidate {
  return bundle === undefined ? { files: files ?? [] } : { bundle }
}

/** A version that was just put in force, and what was found about it. */
function inForce(applied: Applied, language: Language) {
  return { ...versionOf(applied), diagnostics: findings(applied.diagnostics, language) }
}

function versionOf({ serial, revision, author, appliedAt, appliedBy, note, rollbackTo }: PolicyVersionSummary) {
  return { serial, revision, author, appliedAt: new Date(appliedAt).toISOString(), appliedBy, note, rollbackTo }
}

type Mutable<T> = T extends readonly (infer I)[]
  ? Mutable<I>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T

/** As the schemas want it: zod's types know no readonly arrays. */
function lists<T extends object>(value: T): Mutable<T> {
  return value as Mutable<T>
}
