import type { TenantId } from '../../shared/domain/index.ts'
import type { OpenByteSource } from './bytes.ts'

/** What a blob is for; it stands in the path, with the tenant before it. */
export type BlobKind = 'spool' | 'copy' | 'link' | 'portal' | 'archive'

export interface BlobInfo {
  readonly size: number
  /** SHA-256 of the stored bytes, hex. */
  readonly sha256: string
}

/** What is stored: a stream, whose pieces are used before the next is asked for, or bytes in memory. */
export type BlobContent = AsyncIterable<Uint8Array> | Uint8Array

/** The same, whatever it was, as a stream. */
export function piecesOf(content: BlobContent): AsyncIterable<Uint8Array> {
  return content instanceof Uint8Array ? once(content) : content
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/**
 * Durable bytes by (tenant, kind, id). Contract:
 * - `put` resolves when the blob survives a power cut (file: fdatasync, rename, fsync of the directory; HOUSE decision 11);
 *   it rejects and leaves nothing when the source throws. An existing id is never overwritten (`blob-locked`).
 * - `open` raises `blob-missing`. A blob is immutable.
 * - `delete` of what is not there is fine; under a retention lock it raises `blob-locked`.
 * - a full disk raises `disk-full`; other I/O errors raise `store-unavailable`.
 */
export interface BlobStore {
  put(
    tenant: TenantId,
    kind: BlobKind,
    id: string,
    content: BlobContent,
    options?: { retainUntil?: number },
  ): Promise<BlobInfo>
  open(tenant: TenantId, kind: BlobKind, id: string): Promise<OpenByteSource>
  delete(tenant: TenantId, kind: BlobKind, id: string): Promise<void>
  /** Ids of one kind, for recovery at start. */
  list(tenant: TenantId, kind: BlobKind): AsyncIterable<string>
  /** Free bytes, or null when the store has no notion of it. */
  free(): Promise<number | null>
}

/** A store whose blobs can move to another one with all that belongs to them. */
export interface KeptBlobs extends BlobStore {
  /** Until when a blob is under retention, epoch ms (Infinity where that cannot be read); null for one that is not. */
  retainedUntil(tenant: TenantId, kind: BlobKind, id: string): Promise<number | null>
}
