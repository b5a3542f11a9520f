import { expect, test } from 'vitest'
import { compareWays } from '../support/agreement.ts'

test('index, closures and the plain interpreter agree on 50,000 pairs of rule set and mail', () => {
  const { pairs, effects } = compareWays(50_000, 1)
  expect(pairs).toBe(50_000)
  expect(effects).toBeGreaterThan(25_000)
}, 240_000)
