import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { type Diagnostic, loadPolicy, type Policy, type PolicyFile } from '../../shared/policy/index.ts'

export interface PolicyState {
  readonly policy: Policy | null
  /** Findings of the last attempt, also of one that failed. */
  readonly diagnostics: readonly Diagnostic[]
  /** True while an older policy serves because the last attempt failed: the caller raises an alarm. */
  readonly stale: boolean
}

/**
 * The policy in force, per tenant. Without a valid one the gateway takes no mail; a later bad load keeps the last good one
 * and says so.
 */
export class PolicyRegistry {
  readonly #states = new Map<TenantId, PolicyState>()

  /** Whether there is a policy to decide by. */
  ready(tenant: TenantId): boolean {
    return (this.#states.get(tenant)?.policy ?? null) !== null
  }

  /** The policy to decide by. Raises `policy-none`. */
  active(tenant: TenantId): Policy {
    const policy = this.#states.get(tenant)?.policy
    if (!policy) throw new Fault('policy-none', `tenant ${tenant}`)
    return policy
  }

  /** What the last attempt left; null when there was none. */
  state(tenant: TenantId): PolicyState | null {
    return this.#states.get(tenant) ?? null
  }

  /** Puts files in force if none of their findings is an error, else keeps what served before. */
  load(tenant: TenantId, files: readonly PolicyFile[]): PolicyState {
    const { policy, diagnostics } = loadPolicy(files)
    const before = this.#states.get(tenant)?.policy ?? null
    const state: PolicyState = { policy: policy ?? before, diagnostics, stale: policy === null && before !== null }
    this.#states.set(tenant, state)
    return state
  }
}
