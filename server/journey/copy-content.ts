import type { CopyRecord, MessageRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { bytesOf } from '../ports/bytes.ts'
import type { ContentPlace, OutgoingContent } from '../ports/transport.ts'
import { streamIntact } from './intact.ts'
import { withoutMark } from './seal/loop-mark.ts'

/** Where the bytes of a copy are (see `CopyRecord`). */
export type CopyPlace = Omit<ContentPlace, 'tenant'>

/**
 * A copy to be sent: opened when it is read, and not at all by a transport that reads it at its place. The loop mark in front
 * of it is for hops that are `home` alone.
 */
export function copyContent(
  blobs: BlobStore,
  tenant: TenantId,
  copy: CopyRecord,
  { digest }: Pick<MessageRecord, 'digest'>,
  home = false,
): OutgoingContent {
  const { blob, bodyStart } = copy
  const head = copy.head && !home ? withoutMark(copy.head) : copy.head
  const size = copy.size - (copy.head?.length ?? 0) + (head?.length ?? 0)
  const kind = isBodyAsReceived(copy) ? 'spool' : 'copy'
  const place: ContentPlace = { tenant, kind, blob, digest, size, head, bodyStart }
  return { size, place, stream: () => readCopy(blobs, tenant, place) }
}

/** Whether the copy's body is that of the message as received, in the spool. */
export const isBodyAsReceived = ({ id, blob, bodyStart }: Pick<CopyRecord, 'id' | 'blob' | 'bodyStart'>): boolean =>
  bodyStart !== null && blob !== id

/** The bytes of a copy as it leaves. Raises `blob-missing`, `blob-damaged`. */
export async function* readCopy(
  blobs: Pick<BlobStore, 'open'>,
  tenant: TenantId,
  copy: CopyPlace,
): AsyncGenerator<Uint8Array> {
  await using source = await openCopy(blobs, tenant, copy)
  yield* source.stream()
}

async function openCopy(
  blobs: Pick<BlobStore, 'open'>,
  tenant: TenantId,
  { kind, blob, digest, size, head, bodyStart }: CopyPlace,
): Promise<{ stream(): AsyncIterable<Uint8Array> } & AsyncDisposable> {
  if (head === null) return blobs.open(tenant, 'copy', blob)
  const front = bytesOf(head)
  if (bodyStart === null) return { stream: () => front.stream(), async [Symbol.asyncDispose]() {} }
  const body = await blobs.open(tenant, kind, blob)
  if (head.length + body.size - bodyStart !== size) {
    await body[Symbol.asyncDispose]()
    throw new Fault('blob-damaged', `${blob} is not as long as it was`)
  }
  const rest = () => (kind === 'spool' ? streamIntact(body, digest, bodyStart) : body.stream(bodyStart))
  return { stream: () => both(front.stream(), rest()), [Symbol.asyncDispose]: () => body[Symbol.asyncDispose]() }
}

/** Not a generator function inside of each copy: see `Checked` in `ingress/receive.ts`. */
async function* both(first: AsyncIterable<Uint8Array>, then: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first
  yield* then
}
