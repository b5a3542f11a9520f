import { expect, test } from 'vitest'
import { freshBytes } from './fresh-bytes.ts'

test('no two draws share bytes, across the end of the stock and beyond its size', () => {
  const seen = new Set<string>()
  for (let draw = 0; draw < 2_000; draw += 1) {
    const bytes = freshBytes(16 + (draw % 3) * 8)
    expect(bytes).toHaveLength(16 + (draw % 3) * 8)
    seen.add(bytes.subarray(0, 8).toString('hex'))
  }
  expect(seen.size).toBe(2_000)
  expect(seen).not.toContain('0000000000000000')
  const long = freshBytes(10_000)
  expect(long.subarray(9_984).equals(Buffer.alloc(16))).toBe(false)
})

test('what a taker does to its bytes does not reach the next one', () => {
  const mine = freshBytes(32)
  const copy = Buffer.from(mine)
  freshBytes(32).fill(0)
  expect(mine).toEqual(copy)
})
