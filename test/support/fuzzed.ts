import { expect } from 'vitest'
import { fuzz } from '../nightly/fuzz.ts'

/** How long a test that calls `fuzzed` may take, ms. */
export const FUZZED_MS = 300_000

/** The first `count` inputs of a nightly campaign, all of them, without a failure. */
export async function fuzzed(target: Parameters<typeof fuzz>[0], count: number): Promise<void> {
  const { done, failures, note } = await fuzz(target, count).run({
    count,
    seed: 20_261_123,
    until: performance.now() + FUZZED_MS - 20_000,
    say: () => {},
  })
  expect(failures, note).toEqual([])
  expect(done).toBe(count)
}
