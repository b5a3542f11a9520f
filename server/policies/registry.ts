import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import {
  type Diagnostic,
  type ListCopies,
  loadPolicy,
  type Policy,
  type PolicyFile,
  withLists,
} from '../../shared/policy/index.ts'
import { sha256 } from './native.ts'

export interface PolicyState {
  readonly policy: Policy | null
  /** Of the bundle that serves; 0 for files of a directory, and while there is none. */
  readonly serial: number
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
  readonly #lists = new Map<TenantId, ListCopies>()

  /** Whether there is a policy to decide by. */
  ready(tenant: TenantId): boolean {
    return (this.#states.get(tenant)?.policy ?? null) !== null
  }

  /** The policy to decide by. Raises `policy-none`. */
  active(tenant: TenantId): Policy {
    const policy = this.#states.get(tenant)?.policy
    if (!policy) throw new Fault('policy-none', `tenant ${tenant}`)
    return this.informed(tenant, policy)
  }

  /** A policy, also one that is only looked at, with the copies of lists from outside that are at hand. */
  informed(tenant: TenantId, policy: Policy): Policy {
    const lists = this.#lists.get(tenant)
    return lists && policy.sources.size > 0 ? withLists(policy, lists) : policy
  }

  /** Replaces the copies of lists from outside, for every mail that is decided from now on. */
  setLists(tenant: TenantId, lists: ListCopies): void {
    this.#lists.set(tenant, lists)
  }

  /** What the last attempt left; null when there was none. */
  state(tenant: TenantId): PolicyState | null {
    return this.#states.get(tenant) ?? null
  }

  /** Puts files in force if none of their findings is an error, else keeps what served before. */
  load(tenant: TenantId, files: readonly PolicyFile[]): PolicyState {
    return this.offer(tenant, { ...loadPolicy(files, { sha256 }), serial: 0 })
  }

  /** Puts what was loaded in force if there is a policy, else keeps what served before. Never goes back to a lower serial. */
  offer(
    tenant: TenantId,
    loaded: {
      readonly policy: Policy | null
      readonly diagnostics: readonly Diagnostic[]
      readonly serial: number
    },
  ): PolicyState {
    const before = this.#states.get(tenant)
    const { policy, diagnostics, serial } = loaded
    if (before && serial < before.serial) return before
    const state: PolicyState = policy
      ? { policy, serial, diagnostics, stale: false }
      : { policy: before?.policy ?? null, serial: before?.serial ?? 0, diagnostics, stale: Boolean(before?.policy) }
    this.#states.set(tenant, state)
    return state
  }
}
