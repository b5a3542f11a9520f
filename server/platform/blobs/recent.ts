import type { TenantId } from '../../../shared/domain/index.ts'
import type { BlobKind, BlobStore } from '../../ports/blobs.ts'
import { bytesOf, type OpenByteSource } from '../../ports/bytes.ts'

/** Room for the bytes of messages that are on their way, and how long one may take, ms. */
const ROOM = 25_165_824
const STAYS = 30_000

export interface RecentBlobs extends BlobStore {
  /** Bytes of a blob that is durable already, so that its next reader needs no file. Without room they are not kept. */
  keep(tenant: TenantId, kind: BlobKind, id: string, bytes: Uint8Array): void
  /** Gives the kept bytes away, for good; null where there are none, or somebody reads them. */
  take(tenant: TenantId, kind: BlobKind, id: string): Uint8Array | null
}

interface Kept {
  readonly bytes: Uint8Array
  readonly until: number
  /** Whoever evaluates the mail reads it once, before it is taken to be sent. */
  read: 'not yet' | 'now' | 'once'
}

/**
 * A store in front of which the newest small blobs stand in memory: a mail is evaluated and sent within a moment of its
 * arrival. The oldest are not pushed out by newer ones: in a backlog it is the oldest that are read next.
 */
export function recentBlobs(blobs: BlobStore, room = ROOM): RecentBlobs {
  const kept = new Map<string, Kept>()
  let size = 0

  function drop(key: string): void {
    const found = kept.get(key)
    if (found && kept.delete(key)) size -= found.bytes.buffer.byteLength
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
      if (size + bytes.buffer.byteLength > room) return
      drop(keyOf(tenant, kind, id))
      kept.set(keyOf(tenant, kind, id), { bytes, until: now + STAYS, read: 'not yet' })
      size += bytes.buffer.byteLength
    },
    take(tenant, kind, id) {
      const found = kept.get(keyOf(tenant, kind, id))
      if (!found || found.read === 'now') return null
      drop(keyOf(tenant, kind, id))
      return found.bytes
    },
    async open(tenant, kind, id): Promise<OpenByteSource> {
      const found = kept.get(keyOf(tenant, kind, id))
      // One reader at most: bytes that are taken are gone for all who still read them.
      if (found?.read !== 'not yet') return blobs.open(tenant, kind, id)
      found.read = 'now'
      return {
        ...bytesOf(found.bytes),
        held: true,
        async [Symbol.asyncDispose]() {
          found.read = 'once'
        },
      }
    },
    async delete(tenant, kind, id) {
      drop(keyOf(tenant, kind, id))
      await blobs.delete(tenant, kind, id)
    },
  }
}

const keyOf = (tenant: TenantId, kind: BlobKind, id: string): string => `${tenant}/${kind}/${id}`
