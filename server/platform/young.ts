import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** After so many new bytes outside V8's heap the young objects are looked at; and how often that is asked, ms. */
const STEP = 4_000_000
const EVERY_MS = 20
/** Node cuts small buffers from pieces of 64 KB, and one that lives keeps its piece. */
const POOL = 8_192

/**
 * Keeps the memory of streamed mail low (docs/decisions/0019). Its pieces lie outside V8's heap, held by objects that are
 * dead within a moment; V8 frees them with the next collection of young objects, and with room for many small objects that
 * comes late. Here it comes whenever some megabytes of pieces have gathered: one takes about a millisecond. Returns a stop.
 */
export function collectYoung(): () => void {
  Buffer.poolSize = POOL
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options: { type: 'minor' }) => void
  setFlagsFromString('--no-expose-gc')
  let floor = 0
  const timer = setInterval(() => {
    const outside = getHeapStatistics().external_memory
    if (outside < floor) floor = outside
    if (outside - floor < STEP) return
    gc({ type: 'minor' })
    floor = getHeapStatistics().external_memory
  }, EVERY_MS).unref()
  return () => clearInterval(timer)
}
