import type { Hop } from './hop.ts'

export interface PoolLimits {
  readonly connections: number
  /** A connection retires after so many messages. */
  readonly messagesPerConnection: number
  /** An idle connection retires after so many ms. */
  readonly idleMs: number
}

export interface Lease {
  readonly hop: Hop
  /** It carried a message before: the next hop may have hung up meanwhile. */
  readonly reused: boolean
  /** `keep` only after a clean reply; anything else closes the connection. Call exactly once. */
  release(keep: boolean): void
}

export interface Pool {
  /** Waits for a free place, then gives an idle connection or a new one. Raises what `connect` raises. */
  lease(options?: { readonly fresh?: boolean }): Promise<Lease>
  /** Refuses nobody who already waits; resolves when the last lease is back and idle connections said QUIT. */
  close(): Promise<void>
}

interface Idle {
  readonly hop: Hop
  readonly sent: number
  readonly timer: NodeJS.Timeout
  readonly onEnd: () => void
}

/** How long a peer gets to answer QUIT. */
const QUIT_MS = 2_000

/** Connections to one next hop. No retries and no queue of messages: those are the job table's. */
export function createPool(connect: () => Promise<Hop>, limits: PoolLimits): Pool {
  const idle: Idle[] = []
  const waiting: (() => void)[] = []
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

  function takeIdle(): Idle | undefined {
    for (;;) {
      const newest = idle.pop()
      if (!newest) return undefined
      unwatch(newest)
      if (usable(newest.hop)) return newest
    }
  }

  function park(hop: Hop, sent: number): void {
    const gone = () => expire(entry)
    const entry: Idle = { hop, sent, onEnd: gone, timer: setTimeout(gone, limits.idleMs) }
    entry.timer.unref()
    idle.push(entry)
    hop.once('end', gone)
  }

  function unwatch({ hop, timer, onEnd }: Idle): void {
    clearTimeout(timer)
    hop.off('end', onEnd)
  }

  function expire(entry: Idle): void {
    const at = idle.indexOf(entry)
    if (at < 0) return
    idle.splice(at, 1)
    unwatch(entry)
    retire(entry.hop)
  }

  return {
    async lease({ fresh = false } = {}) {
      await place()
      try {
        const old = fresh ? undefined : takeIdle()
        const hop = old?.hop ?? (await connect())
        const sent = (old?.sent ?? 0) + 1
        return {
          hop,
          reused: old !== undefined,
          release(keep) {
            if (!keep || !usable(hop)) hop.close()
            else if (closing || sent >= limits.messagesPerConnection) retire(hop)
            else park(hop, sent)
            vacate()
          },
        }
      } catch (error) {
        vacate()
        throw error
      }
    },
    async close() {
      const done = new Promise<void>((resolve) => {
        closing = resolve
      })
      for (const entry of [...idle]) expire(entry)
      if (busy > 0) await done
    },
  }
}

function usable(hop: Hop): boolean {
  return Boolean(hop._socket && !hop._socket.destroyed && hop._socket.writable)
}

/** nodemailer's `close` hangs up without a word; QUIT first (RFC 5321 4.1.1.10). */
function retire(hop: Hop): void {
  if (!usable(hop)) {
    hop.close()
    return
  }
  hop.quit()
  setTimeout(() => hop.close(), QUIT_MS).unref()
}
