import { createHash } from 'node:crypto'
import type { LinkFileRecord, MessageId, TenantId } from '../../../../shared/domain/index.ts'
import { Fault } from '../../../../shared/fault/index.ts'
import type { BlobKind, BlobStore } from '../../../ports/blobs.ts'
import type { OpenByteSource } from '../../../ports/bytes.ts'
import type { TenantSecrets } from '../../../ports/secrets.ts'
import { openSealed, sealStream } from './cobblestone.ts'
import { newDataKey, unwrapDataKey, wrapDataKey } from './wrap.ts'

/** Where sealed objects are kept and what their data keys are wrapped under. */
export interface SealedStore {
  readonly blobs: BlobStore
  readonly secrets: TenantSecrets
  readonly tenant: TenantId
}

/** What is known of an object after it was sealed: enough to open it again. */
export interface SealedObject {
  /** Plain bytes. */
  readonly size: number
  /** SHA-256 of the plain bytes, hex. */
  readonly sha256: string
  readonly wrappedKey: string
}

/**
 * Stores one file behind a link, encrypted under a key of its own, and says what to record. The content streams through:
 * hashed, encrypted, written. `now` is epoch ms. Raises what `BlobStore.put` raises; nothing is left when it throws.
 */
export async function storeFile(
  file: SealedStore & {
    /** Unique in the tenant; the blob's id as well. */
    readonly id: string
    readonly name: string
    readonly mediaType: string
    readonly message: MessageId
    readonly content: AsyncIterable<Uint8Array>
    readonly now: number
  },
): Promise<LinkFileRecord> {
  const { id, name, mediaType, message, now } = file
  const sealed = await sealObject(file, 'link', id, file.content)
  return { id, message, name, mediaType, ...sealed, blob: id, createdAt: now }
}

/**
 * Opens a stored file at any offset, decrypting only what is read. Raises `blob-missing`; `blob-damaged` when the stored
 * bytes, the key, the tenant or the recorded size do not fit.
 */
export async function openFile(store: SealedStore, record: LinkFileRecord): Promise<OpenByteSource> {
  return openObject(store, 'link', record.blob, record)
}

/** Seals any object (a link's file, a portal message) under a fresh data key. */
export async function sealObject(
  store: SealedStore,
  kind: BlobKind,
  id: string,
  content: AsyncIterable<Uint8Array>,
): Promise<SealedObject> {
  const { blobs, secrets, tenant } = store
  const dataKey = newDataKey()
  const hash = createHash('sha256')
  let size = 0
  async function* measured() {
    for await (const piece of content) {
      hash.update(piece)
      size += piece.length
      yield piece
    }
  }
  await blobs.put(tenant, kind, id, sealStream(dataKey, contextOf(tenant, kind, id), measured()))
  const wrappedKey = wrapDataKey(secrets.keyEncryptionKey(tenant), dataKey)
  dataKey.fill(0)
  return { size, sha256: hash.digest('hex'), wrappedKey }
}

/** The way back from `sealObject`; `size` is compared when it is given. */
export async function openObject(
  store: SealedStore,
  kind: BlobKind,
  id: string,
  sealed: { readonly wrappedKey: string; readonly size?: number },
): Promise<OpenByteSource> {
  const { blobs, secrets, tenant } = store
  const dataKey = unwrapDataKey(secrets.keyEncryptionKey(tenant), sealed.wrappedKey)
  const blob = await blobs.open(tenant, kind, id)
  try {
    const plain = await openSealed(dataKey, contextOf(tenant, kind, id), blob)
    if (sealed.size !== undefined && plain.size !== sealed.size) throw new Fault('blob-damaged')
    return { ...plain, [Symbol.asyncDispose]: () => blob[Symbol.asyncDispose]() }
  } catch (error) {
    await blob[Symbol.asyncDispose]()
    throw error
  } finally {
    dataKey.fill(0)
  }
}

/** Binds the ciphertext to its place: a blob moved to another tenant, kind or id does not open. */
function contextOf(tenant: TenantId, kind: BlobKind, id: string): Buffer {
  return Buffer.from(['secflow/sealed@v1', tenant, kind, id].join('\0'), 'utf8')
}
