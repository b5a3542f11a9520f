import { describe, expect, it } from 'vitest'
import {
  earliest,
  intersect,
  joinOptional,
  joinSingle,
  single,
  strongest,
  strongestOf,
  unite,
  uniteNumbers,
} from './joins.ts'

const SCALE = ['low', 'middle', 'high'] as const

describe('joins of values', () => {
  it('take the stronger one of a scale, on whichever side', () => {
    expect([strongest(SCALE, 'low', 'high'), strongest(SCALE, 'high', 'middle')]).toEqual(['high', 'high'])
  })
  it('take what is there where the other asks for nothing', () => {
    expect(strongestOf(SCALE, undefined, 'low')).toBe('low')
    expect(strongestOf(SCALE, 'low', undefined)).toBe('low')
    expect(strongestOf(SCALE, 'middle', 'low')).toBe('middle')
    expect(strongestOf(SCALE, 'low', 'high')).toBe('high')
    expect([earliest(undefined, 5), earliest(5, undefined), earliest(7, 5)]).toEqual([5, 5, 5])
    expect(earliest(undefined, undefined)).toBeUndefined()
  })
  it('unite into one order, each once', () => {
    expect(unite(['b', 'a'], ['c', 'a'])).toEqual(['a', 'b', 'c'])
    expect(uniteNumbers([10, 9], [2, 10])).toEqual([2, 9, 10])
    expect(intersect(['a', 'b', 'c'], ['c', 'a'])).toEqual(['a', 'c'])
  })
  it('make nothing anew where the first one is the union already', () => {
    const [one, two, none] = [['a'], [3, 5], ['a', 'b'].slice(2)]
    expect([unite(one, none), unite(one, ['a'])].every((union) => union === one)).toBe(true)
    expect(unite(one, ['b'])).toEqual(['a', 'b'])
    expect(unite(one, ['a', 'b'])).toEqual(['a', 'b'])
    expect(unite(['a', 'a'], none)).toEqual(['a'])
    expect(unite(none, one)).toEqual(['a'])
    expect([uniteNumbers(two, two), uniteNumbers(two, [3, 5])].every((union) => union === two)).toBe(true)
    expect(uniteNumbers([3], [3, 5])).toEqual([3, 5])
    expect(uniteNumbers(two, [3])).toEqual(two)
    expect(uniteNumbers(two, [3, 4])).toEqual([3, 4, 5])
    expect(uniteNumbers([5, 3], [5, 3])).toEqual([3, 5])
    expect(uniteNumbers([3, 3], [3, 3])).toEqual([3])
  })
  it('give a slot for one value to the higher layer, and keep both values of one layer', () => {
    const [high, low] = [single('x', 0), single('y', 4)]
    expect([joinSingle(high, low), joinSingle(low, high)]).toEqual([high, high])
    expect(joinSingle(low, single('a', 4))).toEqual({ rank: 4, values: ['a', 'y'] })
    expect([joinOptional(undefined, low), joinOptional(low, undefined), joinOptional(low, high)]).toEqual([
      low,
      low,
      high,
    ])
  })
})
