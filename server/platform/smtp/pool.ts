import type { Session } from './session.ts'

export interface PoolLimits {
  readonly connections: number
  /** A connection retires after so many messages. */
  readonly messagesPerConnection: number
  /** A connection retires after so many ms. */
  readonly ageMs: number
  /** An idle connection retires after so many ms. */
  readonly idleMs: number
}

export interface Lease {
  readonly session: Session
  /** It carried a message before: the next hop may have hung up meanwhile. */
  readonly reused: boolean
  /** `keep` only after a clean reply; anything else closes the connection. Call exactly once. */
  release(keep: boolean): void
}

export interface Pool {
  /** Waits for a free place, then gives an idle connection or a new one. Raises what `connect` raises. */
  lease(connect: () => Promise<Session>, options?: { readonly fresh?: boolean }): Promise<Lease>
  /** Nobody holds or waits for a connection, and none is kept. */
  readonly unused: boolean
  /** Refuses nobody who already waits; resolves when the last lease is back and idle connections said QUIT. */
  close(): Promise<void>
}

interface Kept {
  readonly session: Session
  readonly sent: number
  readonly since: number
}

interface Idle extends Kept {
  readonly timer: NodeJS.Timeout
  readonly forget: () => void
}

/** How long a peer gets to answer QUIT. */
const QUIT_MS = 2_000

/** Connections to one next hop. No retries and no queue of messages: those are the job table's. */
export function createPool(limits: PoolLimits): Pool {
  const idle: Idle[] = []
  const waiting: (() => void)[] = []
  const retiring = new Set<Promise<void>>()
  let busy = 0
  let closing: (() => void) | null = null

  async function place(): Promise<void> {
    if (busy < limits.connections) busy++
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }

  /** Hands the place straight to the next who waits. */
  function vacate(): void {
    const next = waiting.shift()
    if (next) next()
    else if (--busy === 0) closing?.()
  }

  function takeIdle(): Kept | undefined {
    for (;;) {
      const newest = idle.pop()
      if (!newest) return undefined
      unwatch(newest)
      if (newest.session.talk.alive) return newest
    }
  }

  function park(kept: Kept): void {
    const gone = () => expire(entry)
    const left = kept.since + limits.ageMs - performance.now()
    const timer = setTimeout(gone, Math.max(0, Math.min(limits.idleMs, left)))
    timer.unref()
    const entry: Idle = { ...kept, timer, forget: kept.session.talk.onEnd(gone) }
    idle.push(entry)
  }

  function unwatch({ timer, forget }: Idle): void {
    clearTimeout(timer)
    forget()
  }

  function expire(entry: Idle): void {
    const at = idle.indexOf(entry)
    if (at < 0) return
    idle.splice(at, 1)
    unwatch(entry)
    retire(entry.session)
  }

  /** QUIT, then the end (RFC 5321 4.1.1.10). */
  function retire({ talk }: Session): void {
    if (!talk.alive) {
      talk.close()
      return
    }
    const done: Promise<void> = talk
      .ask('QUIT', QUIT_MS)
      .then(
        () => talk.close(),
        () => talk.close(),
      )
      .finally(() => retiring.delete(done))
    retiring.add(done)
  }

  return {
    async lease(connect, { fresh = false } = {}) {
      await place()
      try {
        const old = fresh ? undefined : takeIdle()
        const session = old?.session ?? (await connect())
        const kept: Kept = { session, sent: (old?.sent ?? 0) + 1, since: old?.since ?? performance.now() }
        return {
          session,
          reused: old !== undefined,
          release(keep) {
            const old = kept.sent >= limits.messagesPerConnection || performance.now() - kept.since >= limits.ageMs
            if (!keep || !session.talk.alive) session.talk.close()
            else if (closing || old) retire(session)
            else park(kept)
            vacate()
          },
        }
      } catch (error) {
        vacate()
        throw error
      }
    },
    get unused() {
      return busy === 0 && idle.length === 0 && waiting.length === 0
    },
    async close() {
      const done = new Promise<void>((resolve) => {
        closing = resolve
      })
      for (const entry of [...idle]) expire(entry)
      if (busy > 0) await done
      await Promise.all(retiring)
    },
  }
}
