/**
 * Runs before each test file: its properties begin at the seed of the run (property-seed.ts), and are tried SECFLOW_TEST_RUNS
 * times as often as they say.
 */
import fc from 'fast-check'
import { vi } from 'vitest'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.SECFLOW_TEST_SEED) })

const times = Number(process.env.SECFLOW_TEST_RUNS ?? 1)
if (!(times >= 1))
  throw new RangeError(`SECFLOW_TEST_RUNS is a factor of at least 1, not ${process.env.SECFLOW_TEST_RUNS}`)
if (times > 1) {
  // A property says its own number of runs, which no setting of the library changes.
  const assert = <T>(property: fc.IRawProperty<T>, parameters: fc.Parameters<T> = {}) =>
    fc.assert(property, { ...parameters, numRuns: Math.ceil(times * (parameters.numRuns ?? 100)) })
  vi.doMock('fast-check', () => ({ ...fc, assert, default: { ...fc, assert } }))
}
