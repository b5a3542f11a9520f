import { availableParallelism } from 'node:os'

/** Cores beside the one the event loop runs on. */
const HELPERS = availableParallelism() - 1
/** So many may wait for their turn, about a millisecond, before another thread is asked. */
const MOST_WAITING = 4

/** One piece of work, to be done here or on the thread pool. */
interface Brief<T> {
  readonly here: () => T
  readonly there: () => Promise<T>
}

const waiting: ((inPool: boolean) => void)[] = []
let taken = false
let inPool = 0

/**
 * Does work of a fifth of a millisecond, an RSA signature of 2048 bits, once in a turn of the event loop, where it stands:
 * the way to the thread pool and back costs 18 µs. What comes in the same turn waits for the next one. When more wait than
 * are done in a millisecond, the pool does some of them, on as many threads as there are further cores. So the loop is
 * never held for two of them, a mail costs least, and under load every core has work.
 */
export function oneATurn<T>(work: Brief<T>): T | Promise<T> {
  if (!taken) {
    taken = true
    setImmediate(nextTurn)
    return work.here()
  }
  if (loaded()) return pooled(work)
  return new Promise((resolve, reject) => {
    waiting.push((pool) => {
      try {
        resolve(pool ? pooled(work) : work.here())
      } catch (error) {
        reject(error)
      }
    })
  })
}

const loaded = () => waiting.length >= MOST_WAITING && inPool < HELPERS

function pooled<T>({ there }: Brief<T>): Promise<T> {
  inPool += 1
  return there().finally(() => {
    inPool -= 1
    if (loaded()) waiting.shift()!(true)
  })
}

function nextTurn(): void {
  const next = waiting.shift()
  if (next) {
    setImmediate(nextTurn)
    next(false)
  } else {
    taken = false
  }
}
