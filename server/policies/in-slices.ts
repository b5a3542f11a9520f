import { setImmediate } from 'node:timers/promises'

/** Longest time other work of the process waits for a piece of a long piece of work, ms; the last step may add its own. */
const SLICE_MS = 3

/** Runs work that stops after each small step, letting other work of the process go on in between. */
export async function inSlices<T>(
  work: Iterator<undefined, T>,
  pause: () => Promise<unknown> = setImmediate,
): Promise<T> {
  let began = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    if (performance.now() - began < SLICE_MS) continue
    await pause()
    began = performance.now()
  }
}
