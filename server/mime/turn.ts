import { setImmediate } from 'node:timers/promises'

/** Longest work between two turns of the event loop, ms: with the piece that follows it stays within five. */
const WORK_MS = 4

/** Gives the event loop a turn where work on one mail has taken long enough; awaiting microtasks alone gives it none. */
export class Turn {
  #since = performance.now()

  /** Asked before each piece: a promise for every piece would cost more than the look at the clock. */
  get due(): boolean {
    return performance.now() - this.#since >= WORK_MS
  }

  async pause(): Promise<void> {
    if (!this.due) return
    await setImmediate()
    this.#since = performance.now()
  }
}

/** Pieces of a chunk that are small enough for work of some nanoseconds a byte. */
export function* piecesOf(chunk: Uint8Array, size = 32_768): Generator<Buffer> {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
