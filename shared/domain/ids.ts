/** Identifiers. Branded so that a tenant's id is never passed where a message's is wanted; all are made in the app. */
declare const brand: unique symbol
type Branded<T extends string> = string & { readonly [brand]: T }

/** Lower-case `[a-z0-9][a-z0-9-]{0,62}`: it stands in table rows, blob paths and log lines. */
export type TenantId = Branded<'tenant'>
/** UUIDv7: sorts by time of acceptance. */
export type MessageId = Branded<'message'>

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Narrows a configured name to a tenant id; throws a RangeError for anything a path or a log line could not carry. */
export function tenantId(name: string): TenantId {
  if (!TENANT.test(name)) throw new RangeError(`not a tenant id: ${JSON.stringify(name.slice(0, 80))}`)
  return name as TenantId
}

/** Epoch ms inside a UUIDv7 (RFC 9562 5.7), null for any other name. */
export function timeOfId(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(id)
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : null
}
