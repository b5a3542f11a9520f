import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type TenantId, tenantId } from '../../../shared/domain/index.ts'
import type { BlobKind } from '../../ports/blobs.ts'

/** No leading dot (those are ours), no separator, nothing a file system folds or expands. */
const ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/
const KINDS: ReadonlySet<string> = new Set<BlobKind>(['spool', 'copy', 'link', 'portal', 'archive'])

export interface BlobPlace {
  readonly directory: string
  readonly file: string
  /** Sidecar that holds the retention lock. */
  readonly lock: string
}

export function kindDirectory(root: string, tenant: TenantId, kind: BlobKind): string {
  // Both were checked where they were made; a path is worth a second look.
  if (!KINDS.has(kind)) throw new RangeError(`not a blob kind: ${JSON.stringify(kind)}`)
  return join(root, tenantId(tenant), kind)
}

/** `<root>/<tenant>/<kind>/<2 hex of SHA-256(id)>/<id>`; throws a RangeError for an id that a path could not carry. */
export function blobPlace(root: string, tenant: TenantId, kind: BlobKind, id: string): BlobPlace {
  if (!ID.test(id)) throw new RangeError(`not a blob id: ${JSON.stringify(id.slice(0, 80))}`)
  const shard = createHash('sha256').update(id).digest('hex').slice(0, 2)
  const directory = join(kindDirectory(root, tenant, kind), shard)
  return { directory, file: join(directory, id), lock: join(directory, `.${id}.lock`) }
}
