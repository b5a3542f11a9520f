/** Runs calls as a client does: so many at once, each after its latency. */
export function createPace(latency: number, concurrency: number): (work: () => void, extra?: number) => void {
  const waiting: (() => void)[] = []
  let running = 0
  return (work, extra = 0) => {
    const run = () => {
      running++
      setTimeout(() => {
        running--
        waiting.shift()?.()
        work()
      }, latency + extra)
    }
    if (running < concurrency) run()
    else waiting.push(run)
  }
}
