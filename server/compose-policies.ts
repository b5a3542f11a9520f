/** The policies of all tenants: in force, rolled out, followed where another process applies one, and the lists they name. */
import type { TenantId } from '../shared/domain/index.ts'
import { rollOutTenants } from './compose-settings.ts'
import type { Config } from './config.ts'
import { listReader } from './platform/lists/reader.ts'
import { PolicyLists } from './policies/lists.ts'
import { followApplied, loadPolicies, reloadPolicies } from './policies/load.ts'
import { PolicyRegistry } from './policies/registry.ts'
import { createRollOut, type RollOut } from './policies/roll-out.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { Store } from './ports/store.ts'
import { listAccessOf } from './profile.ts'

export interface Policies {
  readonly registry: PolicyRegistry
  readonly rollOut: RollOut
  ready(tenant: TenantId): boolean
  /** Reads the directories again. */
  reload(): Promise<void>
  /** Puts in force what another process applied. */
  follow(): Promise<void>
  /** Brings the lists up to date. */
  look(): Promise<void>
}

export async function composePolicies(
  config: Config,
  parts: { readonly store: Store; readonly log: Log; readonly clock: Clock },
): Promise<Policies> {
  const registry = new PolicyRegistry()
  const tenants = rollOutTenants(config)
  const all = { ...parts, registry }
  const rollOut = createRollOut(all, tenants)
  await loadPolicies(all, tenants)
  const readers = new Map(config.tenants.map(({ id, lists }) => [id, listReader(listAccessOf(lists))] as const))
  const lists = new PolicyLists(
    { registry, clock: parts.clock, log: parts.log, reader: (id) => readers.get(id)! },
    tenants.map(({ id }) => id),
  )
  void lists.look()
  return {
    registry,
    rollOut,
    ready: (id) => registry.ready(id),
    reload: () => reloadPolicies(all, tenants),
    follow: followApplied(all, tenants),
    look: () => lists.look(),
  }
}
