/**
 * CPU time of this thread so far, ms. For bounds on what work costs: unlike the time on the wall it does not grow with what
 * else the machine does.
 */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
