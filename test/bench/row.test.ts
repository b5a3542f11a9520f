import { expect, test } from 'vitest'
import { median, rowOf } from './row.ts'

const about = { bench: 'b', metric: 'm', unit: 'u', peer: 'p' }

test('the median is the middle, or between the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 2, 9, 1])).toBe(5.5)
})

test('more is better: the ratio is ours to the peer, round by round', () => {
  const row = rowOf({ ...about, better: 'more' }, [200, 100, 330], [100, 100, 110])
  expect(row).toEqual({ ...about, value: 200, peer_value: 100, ratio: 2, spread: 1 })
})

test('less is better: the ratio turns round', () => {
  expect(rowOf({ ...about, better: 'less' }, [5, 5], [10, 20])).toMatchObject({ ratio: 3, peer_value: 15 })
})
