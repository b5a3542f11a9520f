import { setTimeout as pause } from 'node:timers/promises'
import { isPassing, s3Fault } from './faults.ts'

export interface Persistence {
  /** ms for all tries together. */
  readonly deadline: number
  /** ms for one try. */
  readonly attempt: number
}

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 2_000

/**
 * Tries until it succeeds, with full jitter between tries, but no longer than the deadline. What cannot pass by itself
 * comes out at once and as it is, so that the caller can tell a 404 from a 412; the rest as a fault.
 */
export async function persist<T>(work: (signal: AbortSignal) => Promise<T>, bounds: Persistence): Promise<T> {
  const end = performance.now() + bounds.deadline
  for (let longest = FIRST_PAUSE; ; longest = Math.min(longest * 2, LONGEST_PAUSE)) {
    try {
      return await within(work, Math.min(bounds.attempt, end - performance.now()))
    } catch (error) {
      if (!isPassing(error)) throw error
      const wait = Math.random() * longest
      if (performance.now() + wait >= end) throw s3Fault(error)
      await pause(wait)
    }
  }
}

/** Ends after `ms` even when what it waits for takes no notice of the signal. */
async function within<T>(work: (signal: AbortSignal) => Promise<T>, ms: number): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = Object.assign(new Error(`no answer in ${Math.round(ms)} ms`), { name: 'Timeout' })
      reject(error)
      controller.abort(error)
    }, ms)
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
