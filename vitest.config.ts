import { defineConfig } from 'vitest/config'
import { propertySeed } from './test/support/property-seed.ts'

const seed = propertySeed(process.env)
process.stdout.write(`properties: SECFLOW_TEST_SEED=${seed}\n`)

export default defineConfig({
  test: {
    include: ['{shared,server,cli,demo,addin,test}/**/*.test.ts'],
    setupFiles: ['test/support/property-setup.ts'],
    env: { SECFLOW_TEST_SEED: String(seed) },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What comes in time on an idle machine comes later on a busy one: a poll that names no time of its own waits longer than a second.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
})
