import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GATE_SEED, propertySeed } from './property-seed.ts'

describe('the seed of the property tests', () => {
  it('is the same in every run of the gate', () => expect(propertySeed({ CI: 'true' })).toBe(GATE_SEED))

  it('is another one each time elsewhere', () =>
    expect(new Set(Array.from({ length: 20 }, () => propertySeed({}))).size).toBeGreaterThan(15))

  it('is the one that was asked for, in the gate too', () =>
    expect(propertySeed({ CI: 'true', SECFLOW_TEST_SEED: '7' })).toBe(7))

  it.each(['x', '-1', '1.5', '4294967296'])('is never guessed: %s is refused', (SECFLOW_TEST_SEED) =>
    expect(() => propertySeed({ SECFLOW_TEST_SEED })).toThrow('whole number'),
  )

  it('reaches every property of this run', () =>
    expect(fc.readConfigureGlobal().seed).toBe(Number(process.env.SECFLOW_TEST_SEED)))
})
