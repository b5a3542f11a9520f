/** Taking times of calls, the same way in every process of the policy benchmark. */
import { type BenchRule, type BenchScene, holds } from './policy-rules.ts'

export type Work = () => unknown

/** How long one measurement of one side takes, ms. */
const AIM_MS = 250
const WARM_MS = 400

/** Calls until the machine code has settled; gives how many calls fill a measurement, and ms a call. */
export async function warm(work: Work): Promise<{ readonly calls: number; readonly ms: number }> {
  const began = performance.now()
  let calls = 0
  do {
    await work()
    calls++
  } while (performance.now() - began < WARM_MS)
  const ms = (performance.now() - began) / calls
  return { calls: Math.max(1, Math.round(AIM_MS / ms)), ms }
}

/** Microseconds a call. */
export async function timed(work: Work, calls: number): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < calls; i++) {
    const result = work()
    if (result instanceof Promise) await result
  }
  return ((performance.now() - began) * 1000) / calls
}

/** Throws unless the rules found for each scene are those whose conditions hold. */
export function checkAnswers(
  who: string,
  found: readonly string[][],
  scenes: readonly BenchScene[],
  rules: readonly BenchRule[],
): void {
  for (const [i, scene] of scenes.entries()) {
    const expected = rules.filter(({ when }) => holds(when, scene)).map(({ id }) => id)
    if (found[i]?.join() !== expected.join())
      throw new Error(`${who} answers otherwise for recipient ${i}: ${found[i]?.length} rules, not ${expected.length}`)
  }
}
