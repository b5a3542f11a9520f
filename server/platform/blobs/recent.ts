import type { TenantId } from '../../../shared/domain/index.ts'
import type { BlobKind, BlobStore } from '../../ports/blobs.ts'
import { bytesOf, type OpenByteSource } from '../../ports/bytes.ts'

/** Room for the bytes of messages that are on their way, and how long one may take, ms. */
const ROOM = 16_777_216
const STAYS = 30_000
/** Each side reads a message once: the core evaluates it, the edge sends its one copy. */
const READS = 1

export interface RecentBlobs extends BlobStore {
  /** Bytes of a blob that is durable already, so that its next readers need no file. Without room they are not kept. */
  keep(tenant: TenantId, kind: BlobKind, id: string, bytes: Uint8Array): void
}

/**
 * A store in front of which the newest small blobs stand in memory: a mail is read by two stages within a moment of its
 * arrival. The oldest are not pushed out by newer ones: in a backlog it is the oldest that are read next.
 */
export function recentBlobs(blobs: BlobStore, room = ROOM): RecentBlobs {
  const kept = new Map<string, { readonly bytes: Uint8Array; readonly until: number; reads: number }>()
  let size = 0

  function drop(key: string): void {
    const found = kept.get(key)
    if (found && kept.delete(key)) size -= found.bytes.length
  }

  /** In order of arrival, so the first one that may stay ends the search. */
  function dropOld(now: number): void {
    for (const [key, { until }] of kept) {
      if (until > now) return
      drop(key)
    }
  }

  return {
    ...blobs,
    keep(tenant, kind, id, bytes) {
      const now = performance.now()
      dropOld(now)
      if (size + bytes.length > room) return
      drop(keyOf(tenant, kind, id))
      kept.set(keyOf(tenant, kind, id), { bytes, until: now + STAYS, reads: 0 })
      size += bytes.length
    },
    async open(tenant, kind, id): Promise<OpenByteSource> {
      const found = kept.get(keyOf(tenant, kind, id))
      if (!found) return blobs.open(tenant, kind, id)
      found.reads++
      if (found.reads === READS) drop(keyOf(tenant, kind, id))
      return { ...bytesOf(found.bytes), held: true, async [Symbol.asyncDispose]() {} }
    },
    async delete(tenant, kind, id) {
      drop(keyOf(tenant, kind, id))
      await blobs.delete(tenant, kind, id)
    },
  }
}

const keyOf = (tenant: TenantId, kind: BlobKind, id: string): string => `${tenant}/${kind}/${id}`
