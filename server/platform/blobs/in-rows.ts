import type { MessageId } from '../../../shared/domain/index.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import { bytesOf } from '../../ports/bytes.ts'
import type { Store } from '../../ports/store.ts'

/** A store of blobs whose small messages stand in rows (`TenantWrites.insertMessage`): they open as spool blobs do. */
export function withRows(blobs: BlobStore, store: Pick<Store, 'tenant'>): BlobStore {
  return {
    ...blobs,
    async open(tenant, kind, id) {
      const bytes = kind === 'spool' ? await store.tenant(tenant).read.content(id as MessageId) : null
      return bytes ? { ...bytesOf(bytes), async [Symbol.asyncDispose]() {} } : blobs.open(tenant, kind, id)
    },
  }
}
