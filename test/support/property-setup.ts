/** Runs before each test file: its properties begin at the seed of the run (property-seed.ts). */
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.SECFLOW_TEST_SEED) })
