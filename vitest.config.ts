import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{shared,server,cli,demo,addin,test}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
