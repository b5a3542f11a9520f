import type { TenantId } from '../../../shared/domain/index.ts'
import type { BlobKind, BlobStore } from '../../ports/blobs.ts'
import { bytesOf, free, type OpenByteSource } from '../../ports/bytes.ts'

/** Room for the bytes of small messages that are on their way, and how long one may take, ms. */
const ROOM = 16_777_216
const STAYS = 30_000

/** Bytes that are kept, and of the slab that they are in, if any, the ticket (see `journey/ingress/slabs.ts`). */
export interface HeldBytes {
  readonly bytes: Uint8Array
  readonly ticket: number
  /** Read since it was received: whoever sends it looks whether it is what was stored. */
  readonly fromDisk?: true
}

export interface RecentBlobs extends BlobStore {
  /** Bytes of a blob, so that its next reader needs no file. False without room: they are not kept. */
  keep(tenant: TenantId, kind: BlobKind, id: string, held: HeldBytes): boolean
  /** Gives the kept bytes away, for good; null where there are none, or somebody reads them. */
  take(tenant: TenantId, kind: BlobKind, id: string): HeldBytes | null
  /** Nobody will take these bytes: their room is free for newer ones. The blob stays. */
  letGo(tenant: TenantId, kind: BlobKind, id: string): void
}

interface Kept extends HeldBytes {
  readonly until: number
  /** Whoever evaluates the mail reads it once, before it is taken to be sent. */
  read: 'not yet' | 'now' | 'once'
  dropped: boolean
}

export interface RecentSettings {
  /** Of bytes that are in no slab. */
  readonly room?: number
  /** Bytes in a slab that nobody took and nobody reads. */
  readonly dropped?: (ticket: number) => void
}

/**
 * A store in front of which the newest small blobs stand in memory: a mail is evaluated and sent within a moment of its
 * arrival. The oldest are not pushed out by newer ones: in a backlog it is the oldest that are read next.
 */
export function recentBlobs(blobs: BlobStore, { room = ROOM, dropped = () => {} }: RecentSettings = {}): RecentBlobs {
  const kept = new Map<string, Kept>()
  let size = 0

  function remove(key: string): Kept | undefined {
    const found = kept.get(key)
    if (found && kept.delete(key)) size -= costOf(found)
    return found
  }

  function drop(key: string): void {
    const found = remove(key)
    if (!found || found.ticket === 0) return
    found.dropped = true
    if (found.read !== 'now') dropped(found.ticket)
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
    keep(tenant, kind, id, held) {
      const now = performance.now()
      dropOld(now)
      drop(keyOf(tenant, kind, id))
      if (size + costOf(held) > room) return false
      kept.set(keyOf(tenant, kind, id), { ...held, until: now + STAYS, read: 'not yet', dropped: false })
      size += costOf(held)
      return true
    },
    take(tenant, kind, id) {
      const found = kept.get(keyOf(tenant, kind, id))
      if (!found || found.read === 'now') return null
      remove(keyOf(tenant, kind, id))
      return { bytes: found.bytes, ticket: found.ticket }
    },
    letGo(tenant, kind, id) {
      const found = kept.get(keyOf(tenant, kind, id))
      drop(keyOf(tenant, kind, id))
      // Small mail is alone in its memory.
      if (found?.ticket === 0 && found.read !== 'now') free(found.bytes)
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
          if (found.dropped) dropped(found.ticket)
        },
      }
    },
    async delete(tenant, kind, id) {
      drop(keyOf(tenant, kind, id))
      await blobs.delete(tenant, kind, id)
    },
  }
}

const costOf = ({ bytes, ticket }: HeldBytes): number => (ticket === 0 ? bytes.buffer.byteLength : 0)

const keyOf = (tenant: TenantId, kind: BlobKind, id: string): string => `${tenant}/${kind}/${id}`
