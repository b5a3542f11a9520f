/**
 * Where the property tests of a run begin. The gate (`npm test`, and every run with CI=true) begins at the same place each
 * time, so that a landing is never stopped by a number that another landing drew: the runs are as many, only not others.
 * Everywhere else they roam; the seed is printed, and SECFLOW_TEST_SEED=<seed> begins there again.
 */

/** The gate's. Never changed to avoid a failure: what another seed finds is mended and kept as a case of its own. */
export const GATE_SEED = 20_261_123

/** A whole number in [0, 2^31). Throws for a SECFLOW_TEST_SEED that is none. */
export function propertySeed({ SECFLOW_TEST_SEED: wanted, CI: gate }: NodeJS.ProcessEnv): number {
  if (wanted === undefined || wanted === '') return gate ? GATE_SEED : Math.floor(Math.random() * 2 ** 31)
  const seed = Number(wanted)
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31)
    throw new RangeError(`SECFLOW_TEST_SEED is a whole number below 2^31, not ${wanted}`)
  return seed
}
