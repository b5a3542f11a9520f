import type { PolicyVersionRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import {
  type Diagnostic,
  MAX_BUNDLE,
  type Policy,
  type PolicyFile,
  Replay,
  type ReplayReport,
  readingBundle,
  rollbackTo,
  rolledBackTo,
} from '../../shared/policy/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { PolicyVersionSummary } from '../ports/store.ts'
import { inTurns, othersTurn, turnIsOver } from '../threads/turn.ts'
import { compileApart } from './compile-apart.ts'
import { type LoadParts, logFindings, type PolicySource, readVersion } from './load.ts'
import { readPayload, sha256 } from './native.ts'
import { PolicyRefused } from './refused.ts'

export interface RollOutTenant extends PolicySource {
  /** Whoever applies a bundle has to be somebody else than who signed it. */
  readonly twoPersons: boolean
}

/** Who asks for a policy to be put in force. */
export interface Applicant {
  readonly subject: string
  readonly address: string | null
}

/** A policy that is only looked at: nobody's signature is asked for. */
export type Candidate = { readonly bundle: string } | { readonly files: readonly PolicyFile[] }

export interface RollOut {
  /**
   * Puts a bundle in force, durably, for every mail that is decided from now on. Raises `bundle-refused` with its findings,
   * `second-person-needed`; both are audited and leave the policy in force as it is.
   */
  apply(tenant: TenantId, bundle: string, by: Applicant, note: string): Promise<Applied>
  /**
   * Puts the bundle of an older version in force again, under a serial of its own. Only what was in force before, with a
   * signature that is trusted today: nothing gets in that way that was not applied once. Raises `not-found` for a serial that
   * never was, `bundle-refused`, `second-person-needed`; the last two are audited. Whoever goes back counts as who applies.
   */
  rollback(tenant: TenantId, serial: number, by: Applicant, note: string): Promise<Applied>
  /** The policy in force; raises `policy-none`. */
  active(tenant: TenantId): Policy
  /** What serves now; serial 0 are the files of the directory. Null without any policy. */
  standing(tenant: TenantId): { readonly revision: string; readonly serial: number; readonly stale: boolean } | null
  /** Raises `policy-invalid` with its findings. */
  candidate(what: Candidate): Promise<Policy>
  /** Replays what was recorded since then (epoch ms), the newest `limit` at most, against another policy. */
  replay(
    tenant: TenantId,
    after: Policy,
    query: { readonly since: number; readonly limit: number },
  ): Promise<ReplayReport>
}

export interface Applied extends PolicyVersionSummary {
  /** Warnings. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Inputs that are read at a time; to read one takes some 30 us. */
const PAGE = 100

export function createRollOut(
  parts: LoadParts & { readonly clock: Clock },
  tenants: readonly RollOutTenant[],
): RollOut {
  const { registry, store, log, clock } = parts

  async function refuse(
    tenant: TenantId,
    by: Applicant,
    fault: PolicyRefused,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<never> {
    logFindings(log, tenant, fault.diagnostics)
    const codes = fault.diagnostics.map(({ code }) => code).slice(0, 20)
    await store.tenant(tenant).write((tx) =>
      tx.appendAudit({
        time: clock.now(),
        type: 'policy.refused',
        message: null,
        actor: by.subject,
        detail: { why: fault.code, codes, sha256: detail.sha256, serial: detail.serial ?? null },
      }),
    )
    throw fault
  }

  function tenantOf(id: TenantId): RollOutTenant {
    const tenant = tenants.find((one) => one.id === id)
    if (!tenant) throw new Fault('config-missing', `tenant ${id}`)
    return tenant
  }

  /** Writes a version with its audit record, then lets it serve; null when its serial is not the highest any more. */
  async function put(
    id: TenantId,
    version: PolicyVersionRecord,
    { policy, diagnostics }: { readonly policy: Policy; readonly diagnostics: readonly Diagnostic[] },
    about: Readonly<Record<string, unknown>>,
  ): Promise<Applied | null> {
    const { bundle: _, ...summary } = version
    const { serial, revision, author, appliedAt, appliedBy, note } = summary
    const before = registry.state(id)?.policy?.revision ?? null
    const to = rolledBackTo(version.bundle)
    const type = to === null ? 'policy.applied' : 'policy.rolled-back'
    const inserted = await store.tenant(id).write(async (tx) => {
      if (!(await tx.insertPolicyVersion(version))) return false
      const detail = { ...about, serial, revision, before, author, note }
      await tx.appendAudit({ time: appliedAt, type, message: null, actor: appliedBy, detail })
      return true
    })
    if (!inserted) return null
    registry.offer(id, { policy, diagnostics, serial })
    log.info(type, { tenant: id, serial, revision })
    return { ...summary, rollbackTo: to, diagnostics }
  }

  const rollOut: RollOut = {
    async apply(id, text, by, note) {
      const tenant = tenantOf(id)
      const inForce = await store.tenant(id).read.policyVersion()
      const currentSerial = inForce?.serial ?? 0
      const { policy, bundle, diagnostics } = await inTurns(
        readingBundle(text, {
          trust: tenant.trust,
          currentSerial,
          sha256,
          readPayload,
        }),
      )
      const about = { sha256: sha256(text.slice(0, MAX_BUNDLE)), serial: bundle?.manifest.serial }
      if (!policy || !bundle) return refuse(id, by, new PolicyRefused('bundle-refused', diagnostics), about)
      if (tenant.twoPersons && isSame(bundle.signer, by)) {
        return refuse(id, by, new PolicyRefused('second-person-needed', [], `signed by ${bundle.signer}`), about)
      }
      const version: PolicyVersionRecord = {
        serial: bundle.manifest.serial,
        revision: policy.revision,
        bundle: text,
        author: bundle.signer,
        appliedAt: clock.now(),
        appliedBy: by.subject,
        note,
      }
      const detail = { ...about, createdAt: bundle.manifest.createdAt }
      const applied = await put(id, version, { policy, diagnostics }, detail)
      // Somebody else was faster: read again against what they applied, for the finding that says so.
      return applied ?? rollOut.apply(id, text, by, note)
    },

    async rollback(id, to, by, note) {
      const tenant = tenantOf(id)
      const { read } = store.tenant(id)
      const [older, newest] = [await read.policyVersion(to), await read.policyVersion()]
      if (!older || !newest) throw new Fault('not-found', `version ${to}`)
      const { policy, diagnostics, signer, serial: origin } = await readVersion(parts, tenant, older)
      const about = { rollbackTo: origin, sha256: sha256(older.bundle.slice(0, MAX_BUNDLE)), serial: to }
      if (!policy) return refuse(id, by, new PolicyRefused('bundle-refused', diagnostics), about)
      if (tenant.twoPersons && isSame(signer, by)) {
        return refuse(id, by, new PolicyRefused('second-person-needed', [], `signed by ${signer}`), about)
      }
      const version: PolicyVersionRecord = {
        // As bundles are numbered by default, so that the next one is above it.
        serial: Math.max(newest.serial + 1, Math.floor(clock.now() / 1000)),
        revision: policy.revision,
        bundle: rollbackTo(origin),
        author: signer,
        appliedAt: clock.now(),
        appliedBy: by.subject,
        note,
      }
      const applied = await put(id, version, { policy, diagnostics }, { rollbackTo: origin })
      return applied ?? rollOut.rollback(id, to, by, note)
    },

    active: (tenant) => registry.active(tenant),

    standing(tenant) {
      const state = registry.state(tenant)
      return state?.policy ? { revision: state.policy.revision, serial: state.serial, stale: state.stale } : null
    },

    async candidate(what) {
      const { policy, diagnostics } =
        'bundle' in what
          ? await inTurns(readingBundle(what.bundle, { trust: null, currentSerial: 0, sha256, readPayload }))
          : await compileApart(what.files)
      if (!policy) throw new PolicyRefused('policy-invalid', diagnostics)
      return policy
    },

    async replay(tenant, after, { since, limit }) {
      const { read } = store.tenant(tenant)
      const run = new Replay(registry.active(tenant), registry.informed(tenant, after))
      let last: Parameters<typeof read.decisionInputs>[0]['before']
      for (let left = limit; left > 0; ) {
        const page = await read.decisionInputs({
          since,
          limit: Math.min(PAGE, left),
          ...(last ? { before: last } : {}),
        })
        for (const { message, ...record } of page) {
          run.add({ id: message, ...record })
          if (turnIsOver()) await othersTurn()
        }
        last = page.at(-1)
        left -= page.length
        if (page.length < PAGE) break
      }
      return run.report()
    },
  }
  return rollOut
}

/** Whether the applicant is who signed; nobody in particular signed an unsigned bundle, so that it counts as the same. */
function isSame(signer: string | null, { subject, address }: Applicant): boolean {
  const name = signer?.toLowerCase() ?? null
  const called = subject.toLowerCase()
  // Subjects of identity providers stand behind their issuer; a trust root may name the bare one.
  return name === null || name === called || called.endsWith(`#${name}`) || name === address?.toLowerCase()
}
