import type { AsyncResult, Done } from './host.ts'

/** Timers are the one thing beside the language that every runtime has. */
declare function setTimeout(run: () => void, ms: number): unknown
declare function clearTimeout(timer: unknown): void

/** What the client said; `code` is null when it did what was asked. null: it has no such member, threw, or kept silent. */
export type Answer<T> = { readonly value: T | undefined; readonly code: number | null } | null

/** The value, where there is one. */
export const told = <T>(answer: Answer<T>): T | undefined => (answer?.code === null ? answer.value : undefined)

/** Outlook on the web and on phones runs this many calls of an item at once. */
const AT_ONCE = 3
/** Ms that one call may take; what holds its place longer is taken for lost. */
const PATIENCE = 400

let running = 0
const waiting: (() => void)[] = []

/**
 * Calls the host and waits for its answer, at most `AT_ONCE` calls at a time, until `deadline` ends or `PATIENCE` is over.
 * `start` may throw and may answer late, twice or never.
 */
export function ask<T>(start: (done: Done<T>) => void, deadline: Deadline): Promise<Answer<T>> {
  return new Promise((resolve) => {
    let settled = false
    const settle = (answer: Answer<T>) => {
      if (settled) return
      settled = true
      resolve(answer)
    }
    deadline.onEnd(() => settle(null))
    queue((free) => {
      if (settled) return free()
      const timer = setTimeout(() => finish(null), PATIENCE)
      const finish = (answer: Answer<T>) => {
        clearTimeout(timer)
        free()
        settle(answer)
      }
      try {
        start((result) => finish(read(result)))
      } catch (_) {
        finish(null)
      }
    })
  })
}

function read<T>(result: AsyncResult<T> | undefined): Answer<T> {
  if (!result) return null
  return result.status === 'succeeded'
    ? { value: result.value, code: null }
    : { value: undefined, code: result.error?.code ?? 0 }
}

function queue(run: (free: () => void) => void): void {
  const take = () => {
    running++
    let freed = false
    run(() => {
      if (freed) return
      freed = true
      running--
      const next = waiting.shift()
      if (next) next()
    })
  }
  if (running < AT_ONCE) take()
  else waiting.push(take)
}

/** A moment after which nobody waits any longer. */
export interface Deadline {
  readonly ended: boolean
  onEnd(run: () => void): void
  cancel(): void
}

/** Ends after `ms`. */
export function deadlineIn(ms: number): Deadline {
  const runs: (() => void)[] = []
  const state = { ended: false }
  const timer = setTimeout(() => {
    state.ended = true
    for (const run of runs) run()
  }, ms)
  return {
    get ended() {
      return state.ended
    },
    onEnd: (run) => {
      if (state.ended) run()
      else runs.push(run)
    },
    cancel: () => clearTimeout(timer),
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

export const hasTimers = (): boolean => typeof setTimeout === 'function' && typeof clearTimeout === 'function'
