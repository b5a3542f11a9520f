/** 50,000 damaged OpenPGP messages, signatures, texts and keys: no crash, none over a second, no growth over 64 MB (nightly: two million). */
import { expect, it } from 'vitest'
import { fuzz } from '../nightly/fuzz.ts'

const COUNT = 50_000

it('reads 50,000 damaged OpenPGP inputs in bounded time and memory', { timeout: 300_000 }, async () => {
  const { done, failures } = await fuzz('openpgp', COUNT).run({
    count: COUNT,
    seed: 20_261_123,
    until: performance.now() + 280_000,
    say: () => {},
  })
  expect(failures).toEqual([])
  expect(done).toBe(COUNT)
})
