import { tenantId } from '../../shared/domain/index.ts'
import type { Log } from '../ports/log.ts'
import { readPolicyDirectory } from './directory.ts'
import type { PolicyRegistry } from './registry.ts'

/** Findings that are logged per tenant: the first ones lead to the others. */
const LOGGED = 20

/**
 * Reads every tenant's policy directory and puts it in force. Errors are logged with their place; the tenant's last good policy
 * stays, and without one its mail is refused for now (`policy-none`). Raises what the directory raises.
 */
export async function loadPolicies(
  registry: PolicyRegistry,
  tenants: readonly { readonly id: string; readonly policyDir: string }[],
  log: Log,
): Promise<void> {
  for (const { id, policyDir } of tenants) {
    const tenant = tenantId(id)
    const { policy, diagnostics, stale } = registry.load(tenant, await readPolicyDirectory(policyDir))
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    for (const { file, line, column, code, text } of errors.slice(0, LOGGED)) {
      log.error('policy.invalid', { tenant, file, line, column, code, text: text.en })
    }
    const standing = stale ? 'the last good one stays' : policy ? 'in force' : 'none: mail is refused for now'
    log[errors.length ? 'error' : 'info']('policy.loaded', { tenant, revision: policy?.revision ?? null, standing })
  }
}

/** The same while the gateway runs: a directory that cannot be read changes nothing and is logged. */
export async function reloadPolicies(
  registry: PolicyRegistry,
  tenants: readonly { readonly id: string; readonly policyDir: string }[],
  log: Log,
): Promise<void> {
  for (const tenant of tenants) {
    try {
      await loadPolicies(registry, [tenant], log)
    } catch (error) {
      log.error('policy.unreadable', { tenant: tenant.id, cause: String(error) })
    }
  }
}
