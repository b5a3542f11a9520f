import { setImmediate as turn } from 'node:timers/promises'

const nothing = new Int32Array(new SharedArrayBuffer(4))

/** Processor time of this thread so far, us. It is counted up where the thread sleeps, else every few ms only: so it sleeps a moment. */
function processorTime(): number {
  Atomics.wait(nothing, 0, 0, 0.01)
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/**
 * Processor time of this thread between two turns of the event loop while `work` runs, in ms, the longest. Awaiting microtasks gives
 * others no turn, so it counts as one with what stands before it. What the machine does beside does not count; what the runtime does
 * now and then (compiling, collecting) does: take the least of several runs.
 */
async function longestSlice(work: () => unknown): Promise<number> {
  await turn()
  let longest = 0
  let going = true
  let since = processorTime()
  const look = () => {
    const now = processorTime()
    longest = Math.max(longest, now - since)
    since = processorTime()
  }
  const watch = () => {
    look()
    if (going) setImmediate(watch)
  }
  setImmediate(watch)
  try {
    await work()
  } finally {
    going = false
    look()
  }
  return longest / 1_000
}

/** The same for the quickest of several runs. */
export async function leastLongestSlice(work: () => unknown, runs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) least = Math.min(least, await longestSlice(work))
  return least
}
