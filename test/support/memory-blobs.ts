import { createHash } from 'node:crypto'
import { type BlobKind, type BlobStore, piecesOf } from '../../server/ports/blobs.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'

/** The blob port in memory: immutable, nothing left of a failed put. `freeBytes` and `failPuts` are for tests of a full disk. */
export function memoryBlobs(settings: { freeBytes?: number | null } = {}) {
  const blobs = new Map<string, Buffer>()
  const key = (tenant: TenantId, kind: BlobKind, id: string) => `${tenant}/${kind}/${id}`
  const store: BlobStore = {
    async put(tenant, kind, id, content) {
      const name = key(tenant, kind, id)
      if (blobs.has(name)) throw new Fault('blob-locked')
      const chunks: Uint8Array[] = []
      for await (const chunk of piecesOf(content)) chunks.push(Buffer.from(chunk))
      const bytes = Buffer.concat(chunks)
      if (blobs.has(name)) throw new Fault('blob-locked')
      blobs.set(name, bytes)
      return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    },
    async open(tenant, kind, id) {
      const bytes = blobs.get(key(tenant, kind, id))
      if (!bytes) throw new Fault('blob-missing')
      return { ...bytesOf(bytes), async [Symbol.asyncDispose]() {} }
    },
    async delete(tenant, kind, id) {
      blobs.delete(key(tenant, kind, id))
    },
    async *list(tenant, kind) {
      const prefix = key(tenant, kind, '')
      for (const name of [...blobs.keys()]) if (name.startsWith(prefix)) yield name.slice(prefix.length)
    },
    async free() {
      return settings.freeBytes ?? null
    },
  }
  return Object.assign(store, { bytes: blobs })
}
