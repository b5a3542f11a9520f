import type { CopyRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { bytesOf, type OpenByteSource } from '../ports/bytes.ts'

/** The bytes of a copy as it leaves. Raises `blob-missing`. */
export async function openCopy(blobs: BlobStore, tenant: TenantId, copy: CopyRecord): Promise<OpenByteSource> {
  const { head, bodyStart } = copy
  if (head === null || bodyStart === null) return blobs.open(tenant, 'copy', copy.blob)
  const spooled = await blobs.open(tenant, 'spool', copy.blob)
  if (head.length + spooled.size - bodyStart !== copy.size) {
    await spooled[Symbol.asyncDispose]()
    throw new Fault('blob-damaged', `${copy.blob} is not as long as it was`)
  }
  return joined(head, spooled, bodyStart)
}

/** Bytes in memory and, behind them, a source from an offset on. */
function joined(head: Uint8Array, rest: OpenByteSource, from: number): OpenByteSource {
  const front = bytesOf(head)
  const size = front.size + rest.size - from
  /** Where a place in the whole is in the rest. */
  const inRest = (at: number) => Math.max(at - front.size, 0) + from
  return {
    size,
    async *stream(start = 0, end = size) {
      if (start < front.size) yield* front.stream(start, Math.min(end, front.size))
      if (end > front.size) yield* rest.stream(inRest(start), inRest(end))
    },
    async read(start, end) {
      const first = start < front.size ? [await front.read(start, Math.min(end, front.size))] : []
      return Buffer.concat(end > front.size ? [...first, await rest.read(inRest(start), inRest(end))] : first)
    },
    [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose](),
  }
}
