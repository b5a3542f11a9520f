import type { CopyRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { bytesOf, type OpenByteSource } from '../ports/bytes.ts'
import type { ContentPlace, OutgoingContent } from '../ports/transport.ts'

/** Where the bytes of a copy are (see `CopyRecord`). */
export type CopyPlace = Pick<CopyRecord, 'blob' | 'size' | 'head' | 'bodyStart'>

/** A copy to be sent: opened when it is read, and not at all by a transport that reads it at its place. */
export function copyContent(blobs: BlobStore, tenant: TenantId, copy: CopyPlace): OutgoingContent {
  const { blob, size, head, bodyStart } = copy
  const place: ContentPlace = { tenant, blob, size, head, bodyStart }
  return { size, place, stream: () => readCopy(blobs, tenant, copy) }
}

/** The bytes of a copy as it leaves. Raises `blob-missing`, `blob-damaged`. */
export async function* readCopy(blobs: BlobStore, tenant: TenantId, copy: CopyPlace): AsyncGenerator<Uint8Array> {
  await using source = await openCopy(blobs, tenant, copy)
  yield* source.stream()
}

async function openCopy(
  blobs: BlobStore,
  tenant: TenantId,
  { blob, size, head, bodyStart }: CopyPlace,
): Promise<Pick<OpenByteSource, 'stream' | typeof Symbol.asyncDispose>> {
  if (head === null) return blobs.open(tenant, 'copy', blob)
  const front = bytesOf(head)
  if (bodyStart === null) return { stream: () => front.stream(), async [Symbol.asyncDispose]() {} }
  const spooled = await blobs.open(tenant, 'spool', blob)
  if (head.length + spooled.size - bodyStart !== size) {
    await spooled[Symbol.asyncDispose]()
    throw new Fault('blob-damaged', `${blob} is not as long as it was`)
  }
  return {
    async *stream() {
      yield* front.stream()
      yield* spooled.stream(bodyStart)
    },
    [Symbol.asyncDispose]: () => spooled[Symbol.asyncDispose](),
  }
}
