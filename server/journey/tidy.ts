/**
 * The end of a mail. What is over is recorded as over, then what was kept for it is deleted: the database goes first, so
 * that a crash leaves at most a blob that the next run finds again, never a row that promises what is gone.
 * Archived mail is not touched here: its retention is a promise of its own.
 *
 * A large mail whose copies have left is finished within seconds, not with the next round: then a busy gateway keeps little content
 * on its disk, and the memory that the system had for the files serves the next ones (docs/decisions/0034).
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type GrantRecord, type MessageId, type TenantId, timeOfId } from '../../shared/domain/index.ts'
import { toFault } from '../../shared/fault/index.ts'
import type { BlobKind, BlobStore } from '../ports/blobs.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Purged, Store, TenantReads, TenantStore } from '../ports/store.ts'

export interface TidyDeps {
  readonly store: Store
  readonly blobs: BlobStore
  readonly tenants: readonly TenantId[]
  readonly clock: Clock
  /** How long inputs of the policy can be replayed, in ms. */
  readonly inputsKept?: number
  readonly log: Log
  readonly metrics: Metrics
}

export interface Tidy {
  /** One round over all tenants; ends early when the signal aborts. What fails is logged and found again by the next round. */
  run(signal: AbortSignal): Promise<void>
  /** Nothing may be left to do for this message; its size in bytes. */
  settled(tenant: TenantId, message: { readonly id: MessageId; readonly size: number }): void
  /** Finishes the large ones of which `settled` told, and deletes their content. */
  finishSettled(signal: AbortSignal): Promise<void>
}

/** Of one transaction, beside which mail comes in: nobody's 250 waits longer for it than for a few mails. */
const BATCH = 25
/** Messages that are looked at in one go, most of which are still on their way where the queue is long: 2 µs each. */
const LOOK = 1_000
/** After a batch others have as long as it took, and at most so many ms. */
const REST = 100
/** Bytes from which on content does not wait for the next round. */
const LARGE = 65_536
/** Settled messages that are remembered; the next round finds the others. */
const REMEMBERED = 10_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Files and portal messages outlive the last link to them by so much, for a recall or an expiry that was a mistake. */
const LINK_GRACE = 7 * DAY
/** How long the jobs of a message can be looked up, and how long a dead one holds its message for whoever mends the cause. */
const JOBS_KEPT = 30 * DAY
/** Younger blobs may belong to a message that is being rendered: its rows come last. */
const SETTLED = HOUR
const SWEEP_EVERY = HOUR

/** Counting from the time in the record: how much older it has to be before it is purged. */
const PURGED: Readonly<Record<Purged, number>> = {
  // An expired code still says how many were sent within the hour (portal/codes.ts).
  codes: HOUR,
  sessions: 0,
  idempotency: 7 * DAY,
  inputs: 90 * DAY,
  jobs: JOBS_KEPT,
}

/** A purge of many rows gives way to mail between its batches. */
const PURGE_BATCH = 500

export function createTidy(deps: TidyDeps): Tidy {
  const { store, blobs, clock, log, metrics } = deps
  const swept = new Map<TenantId, number>()
  const settled = new Map<TenantId, Set<MessageId>>()
  const keep = (what: Purged) => (what === 'inputs' ? (deps.inputsKept ?? PURGED.inputs) : PURGED[what])

  async function finish(tenant: TenantStore, among: readonly MessageId[]): Promise<void> {
    const now = clock.now()
    const ids = await tenant.write(async (tx) => {
      const done = await tx.finishMessages({ deadBy: now - JOBS_KEPT, among })
      for (const message of done)
        await tx.appendAudit({ time: now, type: 'message.done', message, actor: 'gateway', detail: {} })
      return done
    })
    metrics.count('messages_done_total', {}, ids.length)
  }

  /** Finishes whatever is over, a batch with each call, until it answers that nothing more is. */
  function finishing(tenant: TenantStore): () => Promise<boolean> {
    const over: MessageId[] = []
    let last: MessageId | null | undefined
    return async () => {
      if (over.length === 0) {
        const deadBy = clock.now() - JOBS_KEPT
        const looked = await tenant.read.overMessages({ deadBy, look: LOOK, ...(last ? { after: last } : {}) })
        over.push(...looked.over)
        last = looked.last
      }
      if (over.length > 0) await finish(tenant, over.splice(0, BATCH))
      return over.length > 0 || last !== null
    }
  }

  /** Deletes the content of messages that are done, those of an interrupted round as well. */
  async function eraseContent(tenant: TenantStore, signal: AbortSignal): Promise<boolean> {
    const erased: MessageId[] = []
    const over = await tenant.read.unerased(BATCH)
    if (over.length === 0) return false
    const copies = Map.groupBy(await tenant.read.copyBlobs(over.map(({ id }) => id)), ({ message }) => message)
    const more = await each(over, 'content', signal, async ({ id, blob }) => {
      for (const copy of copies.get(id) ?? []) await erase(tenant.tenant, 'copy', copy.blob)
      if (blob !== null) await erase(tenant.tenant, 'spool', blob)
      erased.push(id)
    })
    if (erased.length > 0) await tenant.write((tx) => tx.markErased(erased, clock.now()))
    return more
  }

  /**
   * Deletes files and portal messages that no link leads to any more. Here the blobs go first: nobody can open them, and
   * who marks the grants writes the audit line, so there is one however often the deletion was begun.
   */
  async function eraseLinks(tenant: TenantStore, signal: AbortSignal): Promise<boolean> {
    const endedBy = clock.now() - LINK_GRACE
    const messages = await tenant.read.messagesWithEndedGrants(endedBy, BATCH)
    return each(messages, 'link', signal, async (message: MessageId) => {
      const over = await unreachable(tenant.read, message, endedBy)
      for (const { kind, id } of over) await blobs.delete(tenant.tenant, kind, id)
      const gone = await tenant.write(async (tx) => {
        const marked = new Set(await tx.markGrantsErased(message, endedBy, clock.now()))
        // What an earlier round erased has no grant among those marked now.
        const objects = over.filter(({ grants }) => grants.some((grant) => marked.has(grant)))
        if (objects.length === 0) return []
        const detail = { objects: objects.map(({ kind, id }) => ({ kind, id })) }
        await tx.appendAudit({ time: clock.now(), type: 'link.erased', message, actor: 'gateway', detail })
        return objects
      })
      for (const { kind } of gone) metrics.count('blobs_erased_total', { kind })
    })
  }

  async function purge(tenant: TenantStore, what: Purged): Promise<boolean> {
    const count = await tenant.write((tx) => tx.purge(what, clock.now() - keep(what), PURGE_BATCH))
    metrics.count('rows_purged_total', { what }, count)
    return count >= PURGE_BATCH
  }

  /**
   * Copies, link files and portal messages without a row: left by a crash, or by an attempt at rendering that failed. Spool blobs without
   * a row are not ours (ingress/recover.ts keeps them for a person), nor is a name without a time in it.
   */
  async function sweep(tenant: TenantStore, signal: AbortSignal): Promise<void> {
    const now = clock.now()
    if (now - (swept.get(tenant.tenant) ?? Number.NEGATIVE_INFINITY) < SWEEP_EVERY) return
    const rows = {
      copy: (id: string) => tenant.read.copy(id),
      link: (id: string) => tenant.read.linkFile(id),
      portal: (id: string) => tenant.read.grantOfContent(id),
    }
    for (const kind of ['copy', 'link', 'portal'] as const) {
      for await (const id of blobs.list(tenant.tenant, kind)) {
        if (signal.aborted) return
        const madeAt = timeOfId(id)
        if (madeAt === null || now - madeAt < SETTLED || (await rows[kind](id))) continue
        await erase(tenant.tenant, kind, id)
        metrics.count('blobs_orphaned_total', { kind })
        log.warn('blob.orphan-erased', { tenant: tenant.tenant, kind, id })
      }
    }
    swept.set(tenant.tenant, now)
  }

  async function erase(tenant: TenantId, kind: BlobKind, id: string): Promise<void> {
    await blobs.delete(tenant, kind, id)
    metrics.count('blobs_erased_total', { kind })
  }

  /**
   * One that fails does not hold up the others; with a store that is away each takes its time, so that a stop is heard between
   * them. Answers whether another batch may be waiting.
   */
  async function each<T extends { readonly id: MessageId } | MessageId>(
    items: readonly T[],
    what: string,
    signal: AbortSignal,
    work: (item: T) => Promise<void>,
  ): Promise<boolean> {
    let failed = 0
    for (const item of items) {
      if (signal.aborted) return false
      try {
        await work(item)
      } catch (error) {
        failed++
        const message = typeof item === 'string' ? item : item.id
        log.error('tidy.failed', { what, message, fault: toFault(error).code })
      }
    }
    return items.length === BATCH && failed < BATCH
  }

  return {
    settled(tenant, { id, size }) {
      if (size < LARGE) return
      const known = settled.get(tenant) ?? new Set()
      settled.set(tenant, known)
      if (known.size < REMEMBERED) known.add(id)
    },
    async finishSettled(signal) {
      for (const [id, known] of settled) {
        const tenant = store.tenant(id)
        try {
          if (known.size === 0) continue
          while (known.size > 0 && !signal.aborted) {
            const some = [...known].slice(0, BATCH)
            for (const message of some) known.delete(message)
            await finish(tenant, some)
          }
          for (let more = true; more && !signal.aborted; ) more = await eraseContent(tenant, signal)
        } catch (error) {
          log.error('tidy.failed', { tenant: id, fault: toFault(error).code })
        }
      }
    },
    async run(signal) {
      for (const id of deps.tenants) {
        const tenant = store.tenant(id)
        const steps: (() => Promise<boolean>)[] = [
          finishing(tenant),
          () => eraseContent(tenant, signal),
          () => eraseLinks(tenant, signal),
          ...(Object.keys(PURGED) as Purged[]).map((what) => () => purge(tenant, what)),
          async () => {
            await sweep(tenant, signal)
            return false
          },
        ]
        for (const step of steps) {
          try {
            for (let more = true; more && !signal.aborted; ) {
              const began = performance.now()
              more = await step()
              if (more) await pause(Math.min(performance.now() - began, REST), undefined, { signal }).catch(() => {})
            }
          } catch (error) {
            log.error('tidy.failed', { tenant: id, fault: toFault(error).code })
          }
        }
      }
    },
  }
}

/** A file of a link or a portal message; its id is the blob's. */
interface Unreachable {
  readonly kind: 'link' | 'portal'
  readonly id: string
  /** All its grants. */
  readonly grants: readonly string[]
}

/** Files and portal messages of a message whose grants have all ended. */
async function unreachable(read: TenantReads, message: MessageId, endedBy: number): Promise<Unreachable[]> {
  const grants = await read.grants(message)
  const objects = new Map<string, { kind: Unreachable['kind']; id: string; grants: GrantRecord[] }>()
  const lead = (kind: Unreachable['kind'], id: string, grant: GrantRecord) => {
    const object = objects.get(`${kind} ${id}`) ?? { kind, id, grants: [] }
    object.grants.push(grant)
    objects.set(`${kind} ${id}`, object)
  }
  const blobOf = new Map((await read.linkFiles(message)).map((file) => [file.id, file.blob]))
  for (const grant of grants) {
    for (const file of grant.files) {
      const blob = blobOf.get(file)
      if (blob !== undefined) lead('link', blob, grant)
    }
    if (grant.content) lead('portal', grant.content.blob, grant)
  }
  return [...objects.values()]
    .filter((object) => object.grants.every((grant) => hasEnded(grant, endedBy)))
    .map((object) => ({ ...object, grants: object.grants.map(({ id }) => id) }))
}

const hasEnded = ({ expiresAt, revokedAt }: GrantRecord, by: number): boolean =>
  expiresAt <= by || (revokedAt !== null && revokedAt <= by)

/**
 * Runs rounds at once and then `everyMs` after the last one ended, until the returned stop has been called and has resolved; what
 * was settled meanwhile is finished every second.
 */
export function keepTidy(
  tidy: Pick<Tidy, 'run' | 'finishSettled'>,
  everyMs = 60_000,
  settledMs = Math.min(everyMs, 1_000),
): () => Promise<void> {
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  let due = performance.now()
  const next = () => {
    const whole = performance.now() >= due
    round = (whole ? tidy.run(stop.signal) : tidy.finishSettled(stop.signal)).then(() => {
      if (whole) due = performance.now() + everyMs
      if (!stop.signal.aborted) timer = setTimeout(next, settledMs)
    })
  }
  next()
  return async () => {
    stop.abort()
    clearTimeout(timer)
    await round
  }
}
