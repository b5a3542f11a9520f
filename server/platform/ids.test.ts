import { expect, test } from 'vitest'
import { uuidv7 } from './ids.ts'

test('has the form and the time of RFC 9562 5.7', () => {
  const id = uuidv7(0x0192_3456_789a)
  expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('sorts by making under one time, without a duplicate', () => {
  const ids = Array.from({ length: 20_000 }, () => uuidv7(1_800_000_000_000))
  expect(ids).toEqual([...ids].sort())
  expect(new Set(ids).size).toBe(ids.length)
})

test('follows a clock that is set back', () => {
  const late = uuidv7(1_900_000_000_000)
  expect(uuidv7(1_700_000_000_000) < late).toBe(true)
})
