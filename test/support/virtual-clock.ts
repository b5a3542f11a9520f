/** Time that passes only when the test says so; timers of code under test run in it. */
export interface VirtualClock {
  /** Ms since it was made. */
  readonly now: number
  setTimeout(run: () => void, ms?: number): number
  clearTimeout(timer: number | undefined): void
  /** Lets time pass until no timer is left or `until` (ms) is reached; promises settle between timers. */
  run(until?: number): Promise<void>
}

export function virtualClock(): VirtualClock {
  let now = 0
  let last = 0
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>()
  return {
    get now() {
      return now
    },
    setTimeout(run, ms = 0) {
      timers.set(++last, { at: now + Math.max(0, ms), run })
      return last
    },
    clearTimeout(timer) {
      if (timer !== undefined) timers.delete(timer)
    },
    async run(until = 60_000) {
      for (;;) {
        await settled()
        const [next] = [...timers].sort(([a, x], [b, y]) => x.at - y.at || a - b)
        if (!next || next[1].at > until) break
        timers.delete(next[0])
        now = Math.max(now, next[1].at)
        next[1].run()
      }
      if (until < 60_000) now = Math.max(now, until)
    },
  }
}

/** Every promise that can settle without time has settled. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve))
