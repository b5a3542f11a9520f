import { setImmediate } from 'node:timers'
import type { Steps } from '../../shared/policy/steps.ts'

/** Longest work between two turns of the event loop, ms: with the piece that follows it stays within five. */
const WORK_MS = 3

/**
 * When the work of this turn of the event loop began, null while none was seen. It is one for all mails of a thread: many short
 * pieces, of one mail or of many, keep others waiting as long as one long piece does.
 */
let since: number | null = null
/** Who goes on in a later turn, in the order in which they stopped; one in each turn. */
const waiting: (() => void)[] = []

function nextTurn(): void {
  const goOn = waiting.shift()
  if (goOn === undefined) {
    since = null
    return
  }
  since = performance.now()
  setImmediate(nextTurn)
  goOn()
}

/** Gives the event loop a turn where work on mail has taken long enough; awaiting microtasks alone gives it none. */
export class Turn {
  /** Asked before each piece: a promise for every piece would cost more than the look at the clock. */
  get due(): boolean {
    if (since !== null) return performance.now() - since >= WORK_MS
    since = performance.now()
    setImmediate(nextTurn)
    return false
  }

  async pause(): Promise<void> {
    if (this.due) await new Promise<void>((resolve) => waiting.push(resolve))
  }

  /** The result of work that stops after each small step. */
  async through<T>(work: Steps<T>): Promise<T> {
    for (;;) {
      const { done, value } = work.next()
      if (done) return value
      if (this.due) await this.pause()
    }
  }
}

/** Pieces of a chunk that are small enough for work of some nanoseconds a byte. */
export function* piecesOf(chunk: Uint8Array, size = 32_768): Generator<Buffer> {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
