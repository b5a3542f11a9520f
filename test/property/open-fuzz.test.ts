/** 5,000 damaged mails that were signed and encrypted: no crash, no false good, none over a second (nightly: two million). */
import { expect, it } from 'vitest'
import { fuzz } from '../nightly/fuzz.ts'

const COUNT = 5_000

it('opens 5,000 damaged mails in bounded time and memory, and calls none good that was altered', {
  timeout: 300_000,
}, async () => {
  const { done, failures } = await fuzz('open', COUNT).run({
    count: COUNT,
    seed: 20_261_123,
    until: performance.now() + 280_000,
    say: () => {},
  })
  expect(failures).toEqual([])
  expect(done).toBe(COUNT)
})
