import type { PersonRecord, TenantId } from '../../shared/domain/index.ts'

/** What the organisation knows of people: its own users and its correspondents. Addresses are in canonical form (see `canonicalAddress` in shared/words). */
export interface Directory {
  /** null: known not to be there. Raises `store-unavailable` when it cannot tell. */
  person(tenant: TenantId, address: string): Promise<PersonRecord | null>
  /** Addresses of the holders of a role in order of precedence (on-call first, then deputies). */
  holders(tenant: TenantId, role: string): Promise<readonly string[]>
}
