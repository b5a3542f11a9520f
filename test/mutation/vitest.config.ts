import { defineConfig } from 'vitest/config'

/** What holds the core of the policy language: fast and without services. */
export default defineConfig({
  test: {
    include: [
      'shared/policy/meaning.test.ts',
      'shared/policy/{evaluate,registry,testing}/*.test.ts',
      'test/conformance/policy.test.ts',
    ],
    testTimeout: 20_000,
    pool: 'threads',
    isolate: false,
  },
})
