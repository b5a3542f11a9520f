import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type TenantId, tenantId } from '../../../shared/domain/index.ts'
import type { BlobKind } from '../../ports/blobs.ts'

/** No leading dot (those are ours), no separator, nothing a file system folds or expands. */
const ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/
export const BLOB_KINDS: readonly BlobKind[] = ['spool', 'copy', 'link', 'portal', 'archive']
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
const KINDS: ReadonlySet<string> = new Set(BLOB_KINDS)

export interface BlobPlace {
  readonly directory: string
  readonly file: string
  /** Sidecar that holds the retention lock. */
  readonly lock: string
}

export function kindDirectory(root: string, tenant: TenantId, kind: BlobKind): string {
  return join(root, checkedTenant(tenant, kind), kind)
}

/** `<tenant>/<kind>/`, what the keys of one kind of object start with. */
export function kindPrefix(tenant: TenantId, kind: BlobKind): string {
  return `${checkedTenant(tenant, kind)}/${kind}/`
}

/** `<tenant>/<kind>/<id>`, the key of an object; throws a RangeError as `blobPlace` does, so that blobs can move. */
export function blobKey(tenant: TenantId, kind: BlobKind, id: string): string {
  return kindPrefix(tenant, kind) + checkedId(id)
}

/** Both were checked where they were made; a path is worth a second look. */
function checkedTenant(tenant: TenantId, kind: BlobKind): TenantId {
  if (!KINDS.has(kind)) throw new RangeError(`not a blob kind: ${JSON.stringify(kind)}`)
  return tenantId(tenant)
}

function checkedId(id: string): string {
  if (!ID.test(id)) throw new RangeError(`not a blob id: ${JSON.stringify(id.slice(0, 80))}`)
  return id
}

/**
 * `<root>/<tenant>/<kind>/<shard>/<id>`, 256 shards; throws a RangeError for an id that a path could not carry. What comes
 * at the same time goes into the same directory, because its flush is shared by all names that wait for one: of a UUIDv7
 * the shard is the part of its time that changes every 17 minutes (2^20 ms).
 */
export function blobPlace(root: string, tenant: TenantId, kind: BlobKind, id: string): BlobPlace {
  const shard = UUID_V7.test(checkedId(id)) ? id.slice(5, 7) : createHash('sha256').update(id).digest('hex').slice(0, 2)
  const directory = join(kindDirectory(root, tenant, kind), shard)
  return { directory, file: join(directory, id), lock: join(directory, `.${id}.lock`) }
}
