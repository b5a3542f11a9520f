import { createHash } from 'node:crypto'
import type { TenantId } from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { BlobInfo, BlobKind, BlobStore, KeptBlobs } from '../../ports/blobs.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { BLOB_KINDS } from '../blobs/layout.ts'
import type { MoveJournal } from './journal.ts'

/** Blobs under way at once: the way to an object store is long rather than narrow. */
const AT_ONCE = 8

export interface BlobMove {
  readonly from: KeptBlobs
  readonly to: KeptBlobs
  readonly tenants: readonly TenantId[]
  readonly journal: MoveJournal
  /** Called after each blob that is in the target. */
  progress(): void
}

/**
 * Makes the blobs of the target those of the source. What is new is copied with its retention, read back and compared by
 * size and SHA-256; what an earlier pass proved is not read again, since blobs never change; what is gone from the
 * source goes from the target. Raises `move-refused` when the target holds a blob that this move did not bring.
 */
export async function moveBlobs(move: BlobMove): Promise<{ readonly blobs: number; readonly bytes: number }> {
  const { from, to, tenants, journal } = move
  const pass = journal.nextPass()
  let there = 0
  for (const tenant of tenants) {
    for (const kind of BLOB_KINDS) {
      await inParallel(from.list(tenant, kind), async (id) => {
        await moveOne(move, tenant, kind, id, pass)
        move.progress()
      })
      for await (const id of to.list(tenant, kind)) {
        const known = journal.blob(tenant, kind, id)
        if (known?.pass === pass) {
          there += 1
          continue
        }
        if (known === null) throw new Fault('move-refused', `the target holds another blob: ${tenant} ${kind} ${id}`)
        await to.delete(tenant, kind, id)
        journal.forget(tenant, kind, id)
      }
    }
  }
  const totals = journal.totals(pass)
  if (totals.blobs !== there) throw new Fault('move-differs', `${there} of ${totals.blobs} blobs are in the target`)
  return totals
}

async function moveOne(
  { from, to, journal }: BlobMove,
  tenant: TenantId,
  kind: BlobKind,
  id: string,
  pass: number,
): Promise<void> {
  const known = journal.blob(tenant, kind, id)
  if (known) return journal.proven(tenant, kind, id, { ...known, pass })
  let source: BlobInfo
  try {
    source = await copy(from, to, tenant, kind, id)
  } catch (error) {
    // The gateway, which still runs, deleted it.
    if (toFault(error).code === 'blob-missing') return
    throw error
  }
  await using target = await to.open(tenant, kind, id)
  const stored = await digest(target)
  if (stored.size !== source.size || stored.sha256 !== source.sha256)
    throw new Fault('move-differs', `blob ${tenant} ${kind} ${id}`)
  journal.proven(tenant, kind, id, { ...source, pass })
}

/** What the source holds, after the target holds something under this id. */
async function copy(from: KeptBlobs, to: BlobStore, tenant: TenantId, kind: BlobKind, id: string): Promise<BlobInfo> {
  await using source = await from.open(tenant, kind, id)
  const retainUntil = await from.retainedUntil(tenant, kind, id)
  const hash = createHash('sha256')
  async function* hashed() {
    for await (const chunk of source.stream()) {
      hash.update(chunk)
      yield chunk
    }
  }
  try {
    await to.put(tenant, kind, id, hashed(), retainUntil === null ? {} : { retainUntil })
    return { size: source.size, sha256: hash.digest('hex') }
  } catch (error) {
    // A run that was interrupted between the copy and its proof.
    if (toFault(error).code !== 'blob-locked') throw error
    return digest(source)
  }
}

async function digest(source: ByteSource): Promise<BlobInfo> {
  const hash = createHash('sha256')
  for await (const chunk of source.stream()) hash.update(chunk)
  return { size: source.size, sha256: hash.digest('hex') }
}

async function inParallel<T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const under = new Set<Promise<void>>()
  try {
    for await (const item of items) {
      const one = work(item).finally(() => under.delete(one))
      one.catch(() => {})
      under.add(one)
      if (under.size >= AT_ONCE) await Promise.race(under)
    }
    await Promise.all(under)
  } finally {
    await Promise.allSettled(under)
  }
}
