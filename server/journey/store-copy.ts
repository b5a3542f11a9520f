import type { TenantId } from '../../shared/domain/index.ts'
import type { Entity, HeaderField } from '../mime/entity.ts'
import { headerBytes, writeBody, writeEntity } from '../mime/write.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { IN_ROW } from '../ports/store.ts'
import type { StoredCopy } from './commit.ts'
import { createBodyHash, hashOf } from './seal/body-hash.ts'

/** Fields that stand in front of a copy and cannot be written before its body is known: signatures. */
export type Front = (bodyHash: string) => Promise<readonly HeaderField[]>

interface Writing {
  readonly blobs: BlobStore
  readonly tenant: TenantId
}

/**
 * Stores a rendered copy. One with the body as received is its header and a reference: the mail is not written a second time.
 * With a `front` the header is always in the row; a body that we made is then alone in its file, because it may be produced
 * a single time and what stands before it depends on it.
 */
export async function storeCopy(
  writing: Writing,
  spooled: string,
  id: string,
  message: Entity,
  front: Front | null,
): Promise<StoredCopy> {
  const { tailFrom, size } = message
  if (tailFrom !== undefined && size !== undefined) {
    const before = front ? await front(await hashOf(message.body())) : []
    const head = headerBytes([...before, ...message.header])
    if (head.length <= IN_ROW || front) return { blob: spooled, size: head.length + size, head, bodyStart: tailFrom }
  }
  return storeWhole(writing, id, message, front)
}

/** Stores a message that we made: in its row while it is small, else in a file of its own. */
export async function storeWhole(
  writing: Writing,
  id: string,
  message: Entity,
  front: Front | null,
): Promise<StoredCopy> {
  if (front) return storeSigned(writing, id, message, front)
  const { inRow, rest } = await beginning(writeEntity(message))
  if (!rest) return { blob: id, size: inRow.length, head: inRow, bodyStart: null }
  const put = await writing.blobs.put(writing.tenant, 'copy', id, rest)
  return { blob: id, size: put.size, head: null, bodyStart: null }
}

async function storeSigned({ blobs, tenant }: Writing, id: string, message: Entity, front: Front): Promise<StoredCopy> {
  const hash = createBodyHash()
  const { inRow, rest } = await beginning(writeBody({ ...message, body: () => hash.through(message.body()) }))
  const put = rest ? await blobs.put(tenant, 'copy', id, rest) : null
  const head = headerBytes([...(await front(hash.digest())), ...message.header])
  if (put) return { blob: id, size: head.length + put.size, head, bodyStart: 0 }
  return { blob: id, size: head.length + inRow.length, head: Buffer.concat([head, inRow]), bodyStart: null }
}

/** All of it where it is small; else a stream of all of it. */
async function beginning(
  pieces: AsyncGenerator<Buffer>,
): Promise<{ readonly inRow: Buffer; readonly rest: AsyncIterable<Buffer> | null }> {
  const first: Buffer[] = []
  let size = 0
  for (;;) {
    const { value, done } = await pieces.next()
    if (done) return { inRow: Buffer.concat(first), rest: null }
    first.push(value)
    size += value.length
    if (size > IN_ROW) return { inRow: Buffer.alloc(0), rest: follow(first, pieces) }
  }
}

async function* follow(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first
  yield* rest
}
