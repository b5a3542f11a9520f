import type { PolicyVersionRecord, TenantId } from '../../shared/domain/index.ts'
import {
  type Diagnostic,
  type Policy,
  readingBundle,
  rolledBackTo,
  type TrustRoots,
} from '../../shared/policy/index.ts'
import type { Log } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import { inTurns } from '../threads/turn.ts'
import { compileApart } from './compile-apart.ts'
import { readPolicyDirectory } from './directory.ts'
import { readPayload, sha256 } from './native.ts'
import type { PolicyRegistry, PolicyState } from './registry.ts'

/** Where a tenant's policy comes from. */
export interface PolicySource {
  readonly id: TenantId
  /** Serves until a bundle was applied. */
  readonly policyDir: string
  readonly trust: TrustRoots | null
}

export interface LoadParts {
  readonly registry: PolicyRegistry
  readonly store: Store
  readonly log: Log
}

/** Findings that are logged per tenant: the first ones lead to the others. */
const LOGGED = 20

/**
 * Puts every tenant's policy in force: the bundle that was applied last, with its signature checked again, else the files of
 * the directory. Errors are logged with their place; the tenant's last good policy stays, and without one its mail is
 * refused for now (`policy-none`): a bundle that is not trusted any more never gives way to older files. Raises what the
 * directory or the store raises.
 */
export async function loadPolicies(parts: LoadParts, tenants: readonly PolicySource[]): Promise<void> {
  for (const tenant of tenants) {
    if (!(await loadApplied(parts, tenant))) {
      const loaded = await compileApart(await readPolicyDirectory(tenant.policyDir))
      told(parts, tenant.id, parts.registry.offer(tenant.id, { ...loaded, serial: 0 }))
    }
  }
}

/** The same while the gateway runs: a directory that cannot be read changes nothing and is logged. */
export async function reloadPolicies(parts: LoadParts, tenants: readonly PolicySource[]): Promise<void> {
  for (const tenant of tenants) {
    try {
      await loadPolicies(parts, [tenant])
    } catch (error) {
      parts.log.error('policy.unreadable', { tenant: tenant.id, cause: String(error) })
    }
  }
}

/**
 * Puts in force what another process applied meanwhile. Each version is tried once: one that is not trusted here will not be
 * until somebody restarts with other settings. Raises what the store raises.
 */
export function followApplied(parts: LoadParts, tenants: readonly PolicySource[]): () => Promise<void> {
  const tried = new Map<TenantId, number>()
  return async () => {
    for (const tenant of tenants) {
      const [newest] = await parts.store.tenant(tenant.id).read.policyVersions({ limit: 1 })
      const known = Math.max(parts.registry.state(tenant.id)?.serial ?? 0, tried.get(tenant.id) ?? 0)
      if (!newest || newest.serial <= known) continue
      await loadApplied(parts, tenant)
      tried.set(tenant.id, newest.serial)
    }
  }
}

/** Looks every `everyMs` whether another process applied a bundle (`followApplied`), until the returned stop has resolved. */
export function keepCurrent(look: () => Promise<void>, log: Log, everyMs = 5_000): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running.then(look).catch((error: unknown) => log.error('policy.unreadable', { cause: String(error) }))
  }, everyMs)
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** False when no bundle was ever applied. */
async function loadApplied(parts: LoadParts, { id, trust }: PolicySource): Promise<boolean> {
  const version = await parts.store.tenant(id).read.policyVersion()
  if (!version) return false
  const { policy, diagnostics } = await readVersion(parts, { id, trust }, version)
  told(parts, id, parts.registry.offer(id, { policy, diagnostics, serial: version.serial }))
  return true
}

export interface ReadVersion {
  readonly policy: Policy | null
  readonly diagnostics: readonly Diagnostic[]
  /** Whose signature counts for it; null for an unsigned bundle. */
  readonly signer: string | null
  /** Of the bundle: another one than the version's after a rollback. */
  readonly serial: number
}

/**
 * What a version puts in force, its signature checked now. Against a database that somebody else wrote into: what serves is
 * what was signed, under the number it was signed with. A rollback names an older version and is followed one step; who can
 * write one into the database could as well take newer versions out of it, so it gives nobody more than that.
 */
export async function readVersion(
  { store }: Pick<LoadParts, 'store'>,
  { id, trust }: Pick<PolicySource, 'id' | 'trust'>,
  version: PolicyVersionRecord,
): Promise<ReadVersion> {
  const older = rolledBackTo(version.bundle)
  const origin = older === null || older >= version.serial ? version : await store.tenant(id).read.policyVersion(older)
  const { serial, bundle: text } = origin ?? version
  const name = `bundle ${serial}`
  const { policy, bundle, diagnostics } = await inTurns(
    readingBundle(text, { trust, currentSerial: 0, sha256, readPayload }, name),
  )
  const same = bundle?.manifest.serial === serial
  return { policy: same ? policy : null, diagnostics, signer: bundle?.signer ?? null, serial }
}

function told({ log }: LoadParts, tenant: TenantId, { policy, serial, diagnostics, stale }: PolicyState): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  logFindings(log, tenant, errors)
  const standing = stale ? 'the last good one stays' : policy ? 'in force' : 'none: mail is refused for now'
  const good = policy !== null && !stale
  log[good ? 'info' : 'error']('policy.loaded', { tenant, revision: policy?.revision ?? null, serial, standing })
}

export function logFindings(log: Log, tenant: TenantId, findings: readonly Diagnostic[]): void {
  for (const { file, line, column, code, text } of findings.slice(0, LOGGED)) {
    log.error('policy.invalid', { tenant, file, line, column, code, text: text.en })
  }
}
