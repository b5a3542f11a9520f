import { type MessageId, type MessageRecord, type TenantId, timeOfId } from '../../../shared/domain/index.ts'
import { toFault } from '../../../shared/fault/index.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Store, TenantStore, TenantWrites } from '../../ports/store.ts'
import { isBodyAsReceived } from '../copy-content.ts'

export interface RecoverDeps {
  readonly store: Store
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Younger spool blobs may belong to a message that another node is accepting right now. */
  readonly settleMs?: number
  /** How far back messages are checked for their blob. */
  readonly lookBackMs?: number
  /** Tells the sender of a lost message, in the transaction that gives these recipients up. */
  tellLost(tx: TenantWrites, message: MessageRecord, recipients: readonly string[]): Promise<void>
}

export interface Recovery {
  /** Spool blobs nobody answers for, under their new ids (`orphan-<id>`). They were never acknowledged. */
  readonly orphans: readonly string[]
  /** Acknowledged messages whose content is gone: those of their recipients who have no whole copy were set to `failed`. */
  readonly lost: readonly MessageId[]
}

const ORPHAN = 'orphan-'
const DAY = 86_400_000
/** Messages of one look. */
const PAGE = 1_000

/**
 * Brings spool and database of one tenant to agreement at start. A crash between the two leaves at most a blob without a
 * row, which no client was told about: it moves out of the way (copied, compared, then removed) and stays for a person
 * to look at. A row without its blob, and without content in a row, cannot come from a crash; it is a lost mail and is reported
 * as loudly as possible.
 */
export async function recover(tenant: TenantId, deps: RecoverDeps): Promise<Recovery> {
  const store = deps.store.tenant(tenant)
  const orphans = await setOrphansAside(tenant, store, deps)
  const lost = await reportLost(tenant, store, deps)
  return { orphans, lost }
}

async function setOrphansAside(tenant: TenantId, store: TenantStore, deps: RecoverDeps): Promise<string[]> {
  const settled = deps.clock.now() - (deps.settleMs ?? 600_000)
  const aside: string[] = []
  for await (const id of deps.blobs.list(tenant, 'spool')) {
    if (id.startsWith(ORPHAN)) continue
    const madeAt = timeOfId(id)
    if (madeAt !== null && madeAt > settled) continue
    if (await store.read.message(id as MessageId)) continue
    const name = `${ORPHAN}${id}`
    try {
      const isOrphan = async () => (await store.read.message(id as MessageId)) === null
      if (await move(deps.blobs, tenant, id, name, isOrphan)) aside.push(name)
    } catch (error) {
      // A file that somebody else put there, at a place where no blob of its name would be: it stays, and keeps no mail back.
      if (toFault(error).code !== 'blob-missing') throw error
      deps.log.error('spool.foreign', { tenant, id })
    }
  }
  if (aside.length > 0) {
    deps.log.warn('spool.orphans', { tenant, ids: aside })
    deps.metrics.count('spool_orphans_total', {}, aside.length)
    await store.write((tx) =>
      tx.appendAudit({
        time: deps.clock.now(),
        type: 'spool.orphaned',
        message: null,
        actor: 'gateway',
        detail: { ids: aside },
      }),
    )
  }
  return aside
}

/**
 * The original goes only when the copy is durable; a copy left by an earlier, interrupted run is good enough. Another node may
 * have recorded the message meanwhile, one that came slowly and is older than it looks: then it stays. Answers whether it went.
 */
async function move(
  blobs: BlobStore,
  tenant: TenantId,
  from: string,
  to: string,
  isOrphan: () => Promise<boolean>,
): Promise<boolean> {
  {
    await using source = await blobs.open(tenant, 'spool', from)
    try {
      await blobs.put(tenant, 'spool', to, source.stream())
    } catch (error) {
      if (toFault(error).code !== 'blob-locked') throw error
    }
  }
  const orphan = await isOrphan()
  await blobs.delete(tenant, 'spool', orphan ? from : to)
  return orphan
}

async function reportLost(tenant: TenantId, store: TenantStore, deps: RecoverDeps): Promise<MessageId[]> {
  const since = deps.clock.now() - (deps.lookBackMs ?? 7 * DAY)
  const lost: MessageId[] = []
  let before: MessageId | undefined
  for (;;) {
    const page = await store.read.notDoneBlobs({ since, limit: PAGE, ...(before ? { before } : {}) })
    for (const { id, blob } of page) {
      if (await hasBlob(deps.blobs, tenant, blob)) continue
      if (!(await giveUp(store, id, deps))) continue
      deps.log.error('message.lost', { tenant, message: id })
      deps.metrics.count('messages_lost_total')
      lost.push(id)
    }
    before = page.at(-1)?.id
    if (page.length < PAGE) return lost
  }
}

async function hasBlob(blobs: BlobStore, tenant: TenantId, id: string): Promise<boolean> {
  try {
    const source = await blobs.open(tenant, 'spool', id)
    await source[Symbol.asyncDispose]()
    return true
  } catch (error) {
    if (toFault(error).code === 'blob-missing') return false
    throw error
  }
}

/**
 * Whoever waits without a copy that holds all it needs will never get one. The jobs find `blob-missing`, a permanent fault, and
 * end up dead by themselves. False where nobody waits so, and where another node has finished the message and erased it.
 */
async function giveUp(store: TenantStore, id: MessageId, deps: RecoverDeps): Promise<boolean> {
  const at = deps.clock.now()
  return store.write(async (tx) => {
    const message = await tx.message(id)
    if (!message || message.state === 'done') return false
    const waiting = (await tx.recipients(message.id)).filter(({ state }) => WAITING.has(state))
    const lost: string[] = []
    for (const { address, copy: id } of waiting) {
      const copy = id === null ? null : await tx.copy(id)
      if (!copy || isBodyAsReceived(copy)) lost.push(address)
    }
    if (lost.length === 0) return false
    for (const address of lost) {
      await tx.updateRecipient(message.id, address, { state: 'failed', detail: 'stored content is missing', at })
    }
    if (lost.length === waiting.length) await tx.updateMessage(message.id, { state: 'done' })
    await tx.appendAudit({
      time: at,
      type: 'message.lost',
      message: message.id,
      actor: 'gateway',
      detail: { recipients: lost },
    })
    await deps.tellLost(tx, message, lost)
    return true
  })
}

/** States of a recipient whose mail is still here. */
const WAITING: ReadonlySet<string> = new Set(['pending', 'deferred', 'held', 'quarantined'])
